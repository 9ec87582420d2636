import type { PropsWithChildren } from "hono/jsx";
import type { Issue } from "../input.ts";

/** What was typed into a form, and what is wrong with it: nothing in a form that is shown for the first time. */
export interface Filled {
  readonly values: Readonly<Record<string, unknown>>;
  readonly issues: readonly Issue[];
}

export const blank: Filled = { values: {}, issues: [] };

interface FieldProps {
  readonly name: string;
  readonly label: string;
  readonly maxLength: number;
  /** Lines of text; one line is an input, several a text area. */
  readonly rows: number;
  /** What a browser may offer from what it knows of its user; nothing if not said otherwise. */
  readonly autocomplete?: string;
  readonly filled: Filled;
}

/** A text field with its label and, if it was refused, the reason beside it. */
export function Field({ name, label, maxLength, rows, autocomplete = "off", filled }: FieldProps) {
  const typed = filled.values[name];
  const value = typeof typed === "string" ? typed : "";
  const issue = filled.issues.find(({ path }) => path === name);
  const errorId = `${name}-error`;
  const wrong = issue === undefined ? {} : { "aria-invalid": "true" as const, "aria-describedby": errorId };
  const common = { id: name, name, required: true, maxlength: maxLength, ...wrong };
  return (
    <div class="field">
      <label for={name}>{label}</label>
      {rows === 1 ? (
        <input type="text" autocomplete={autocomplete} value={value} {...common} />
      ) : (
        <textarea rows={rows} {...common}>
          {value}
        </textarea>
      )}
      {issue !== undefined && (
        <p class="wrong" id={errorId}>
          {issue.message}
        </p>
      )}
    </div>
  );
}

interface FormProps {
  readonly action: string;
  readonly button: string;
  /** A second button, which posts the form elsewhere, also when it is not complete. */
  readonly other?: { readonly action: string; readonly button: string };
  readonly filled: Filled;
}

/** A form that is posted to `action`; when it comes back refused, a screen reader says so first. */
export function Form({ action, button, other, filled, children }: PropsWithChildren<FormProps>) {
  return (
    <form method="post" action={action}>
      {filled.issues.length > 0 && (
        <p class="wrong" role="alert">
          Nothing was saved yet. Please correct what is marked.
        </p>
      )}
      {children}
      <div class="buttons">
        <button type="submit">{button}</button>
        {other !== undefined && (
          <button type="submit" class="plain" formaction={other.action} formnovalidate>
            {other.button}
          </button>
        )}
      </div>
    </form>
  );
}
