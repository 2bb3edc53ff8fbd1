/** Dates and times for people: recorded in UTC (ISO 8601), shown in local time. No DOM. */

/** "2024-05-01 10:20". */
export function localTime(iso: string): string {
  const moment = new Date(iso);
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = [moment.getFullYear(), two(moment.getMonth() + 1), two(moment.getDate())].join('-');
  return `${day} ${two(moment.getHours())}:${two(moment.getMinutes())}`;
}

/** "2024-05-01". */
export function localDay(iso: string): string {
  return localTime(iso).slice(0, 10);
}
