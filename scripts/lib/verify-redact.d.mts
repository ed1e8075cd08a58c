export function redact(text: string, secrets?: Iterable<string>): string;
