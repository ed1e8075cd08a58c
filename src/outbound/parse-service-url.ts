/**
 * The URL of a service that we call, or an error that names the setting and its repair. Plain HTTP is refused
 * unless `allowHttp` says that this is a local run; user and password in the URL are always refused, because
 * URLs end up in logs.
 */
export function parseServiceUrl(text: string, name: string, allowHttp = false): URL {
  if (!URL.canParse(text)) {
    throw new Error(
      `${name} is not a URL: give the whole address, for example https://auth.example.com/path`,
    );
  }
  const url = new URL(text);
  const schemes = allowHttp ? ['https:', 'http:'] : ['https:'];
  if (!schemes.includes(url.protocol)) {
    throw new Error(`${name} must be an https URL (plain http is for local runs only)`);
  }
  if (url.username !== '' || url.password !== '') {
    throw new Error(`${name} must not hold a user or a password: give them in their own settings`);
  }
  return url;
}
