import { limits } from "../../../../shared/kernel/limits.ts";
import type { Session } from "../session/session.ts";
import { blank, Field, type Filled, Form } from "./form.tsx";

/** Greets the visitor, or asks for his name; who has a session can end it. */
export function Visitor({ session }: { session: Session | null }) {
  const name = session?.name ?? null;
  return (
    <section class="visitor" aria-label="Your visit">
      {name === null ? <NameForm filled={blank} /> : <p>Hello, {name}.</p>}
      {session !== null && (
        <form method="post" action="/session/end">
          <button type="submit" class="plain">
            Forget me
          </button>
        </form>
      )}
    </section>
  );
}

function NameForm({ filled }: { filled: Filled }) {
  return (
    <Form action="/session" button="Save name" filled={filled}>
      <Field
        name="name"
        label="Your name"
        rows={1}
        maxLength={limits.visitorNameLength}
        autocomplete="nickname"
        filled={filled}
      />
    </Form>
  );
}

/** A page with nothing but the form, for a name that was refused. */
export function RefusedName({ filled }: { filled: Filled }) {
  return (
    <>
      <h1>Your name</h1>
      <NameForm filled={filled} />
    </>
  );
}
