import type { DatabaseSession } from "../database/client.ts";

/** Which steps were taken. */
const notes = "create table if not exists trefoil_migrations (step integer primary key) strict";

/** Has this isolate seen the whole schema? */
let migrated = false;

/**
 * Makes sure that the database has the application's schema, once in the life of an isolate. Any node may say that it
 * has, so that an origin can start while the primary is away; only a step that is missing needs the primary.
 *
 * @param steps the statements that make the schema, in order.
 */
export async function migrate(database: DatabaseSession, steps: readonly string[]): Promise<void> {
  if (migrated) return;
  if ((await stepsIn(database.withSession("first-unconstrained"))) < steps.length) {
    await takeSteps(database.withSession("primary"), steps);
  }
  migrated = true;
}

async function takeSteps(primary: DatabaseSession, steps: readonly string[]): Promise<void> {
  for (let done = await stepsIn(primary); done < steps.length; done = await stepsIn(primary)) {
    if (done === 0) await primary.prepare(notes).run();
    await take(primary, done + 1, steps[done] ?? "");
  }
}

async function stepsIn(session: DatabaseSession): Promise<number> {
  try {
    return (await session.prepare("select max(step) from trefoil_migrations").first<number>("max(step)")) ?? 0;
  } catch (error) {
    if (String(error).includes("no such table")) return 0;
    throw error;
  }
}

/** A step and the note of it are one transaction; so of several origins at once exactly one takes it. */
async function take(primary: DatabaseSession, step: number, statement: string): Promise<void> {
  const note = primary.prepare("insert into trefoil_migrations (step) values (?)").bind(step);
  try {
    await primary.batch([note, primary.prepare(statement)]);
  } catch (error) {
    if (!String(error).includes("UNIQUE constraint failed: trefoil_migrations")) throw error;
  }
}
