const daysShort = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

const day = "(?:Sun|Mon|Tue|Wed|Thu|Fri|Sat)";
const month = `(?<month>${months.join("|")})`;
const time = String.raw`(?<hour>\d\d):(?<minute>\d\d):(?<second>\d\d)`;

/** The three forms of RFC 9110 5.6.7: IMF-fixdate, rfc850-date, asctime-date. Case and spaces count. */
const forms = [
  new RegExp(String.raw`^${day}, (?<day>\d\d) ${month} (?<year>\d{4}) ${time} GMT$`),
  new RegExp(String.raw`^(?:Sun|Mon|Tues|Wednes|Thurs|Fri|Satur)day, (?<day>\d\d)-${month}-(?<year>\d\d) ${time} GMT$`),
  new RegExp(String.raw`^${day} ${month} (?<day>\d\d| \d) ${time} (?<year>\d{4})$`),
];

const secondsPerDay = 86_400;

/**
 * Reads an HTTP-date in any of its three forms, RFC 9110 5.6.7.
 *
 * @param text the value of the field, without spaces around it.
 * @param nowS decides the century of a year of two digits: it is at most 50 years ahead.
 * @returns seconds since 1970; `null` for anything else, also for a day that its month does not have. The name of the
 *   day of the week has to be one, not the right one.
 */
export function parseHttpDate(text: string, nowS: number): number | null {
  const parts = forms.map((form) => form.exec(text)?.groups).find((groups) => groups !== undefined);
  if (parts === undefined) return null;
  const number = (name: string) => Number(parts[name]);
  const monthNumber = months.indexOf(parts["month"] ?? "") + 1;
  const year = parts["year"]?.length === 2 ? fullYear(number("year"), nowS) : number("year");
  const [hour, minute, second] = [number("hour"), number("minute"), number("second")];
  if (number("day") < 1 || number("day") > daysIn(monthNumber, year)) return null;
  // A leap second is allowed.
  if (hour > 23 || minute > 59 || second > 60) return null;
  return daysSince1970(year, monthNumber, number("day")) * secondsPerDay + hour * 3600 + minute * 60 + second;
}

/** The year with these last two digits that is not more than 50 years ahead. */
function fullYear(twoDigits: number, nowS: number): number {
  const { year } = civil(Math.floor(nowS / secondsPerDay));
  const candidate = year - (year % 100) + twoDigits;
  return candidate > year + 50 ? candidate - 100 : candidate;
}

/** A moment as people write it, in UTC, with leading zeros. */
export interface DateParts {
  readonly year: string;
  /** `Jan` to `Dec`. */
  readonly month: string;
  readonly day: string;
  /** `14:03:59`. */
  readonly time: string;
}

/** @param seconds since 1970. */
export function datePartsOf(seconds: number): DateParts {
  const days = Math.floor(seconds / secondsPerDay);
  const { year, month, day } = civil(days);
  const rest = seconds - days * secondsPerDay;
  const two = (value: number) => String(value).padStart(2, "0");
  return {
    year: String(year).padStart(4, "0"),
    month: months[month - 1] ?? "",
    day: two(day),
    time: `${two(Math.floor(rest / 3600))}:${two(Math.floor(rest / 60) % 60)}:${two(rest % 60)}`,
  };
}

/** Writes an IMF-fixdate, RFC 9110 5.6.7. */
export function formatHttpDate(seconds: number): string {
  const { year, month, day, time } = datePartsOf(seconds);
  // 1 January 1970 was a Thursday.
  const name = daysShort[(((Math.floor(seconds / secondsPerDay) + 4) % 7) + 7) % 7];
  return `${name}, ${day} ${month} ${year} ${time} GMT`;
}

const isLeap = (year: number): boolean => year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);

function daysIn(month: number, year: number): number {
  if (month === 2) return isLeap(year) ? 29 : 28;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}

/** Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms": years begin in March, eras have 400 of them. */
function daysSince1970(year: number, month: number, day: number): number {
  const shifted = month <= 2 ? year - 1 : year;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - era * 400;
  const dayOfYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1;
  return (
    era * 146_097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - 719_468
  );
}

/** The inverse of `daysSince1970`, from the same source. */
function civil(days: number): { year: number; month: number; day: number } {
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const leaps = Math.floor(dayOfEra / 1460) - Math.floor(dayOfEra / 36_524) + Math.floor(dayOfEra / 146_096);
  const yearOfEra = Math.floor((dayOfEra - leaps) / 365);
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const month = ((monthFromMarch + 2) % 12) + 1;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  return { year, month, day: dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1 };
}
