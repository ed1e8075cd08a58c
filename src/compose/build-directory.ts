import type { Configuration } from '../config/derive-configuration.ts';
import { recipientDefaults } from '../domain/recipient.ts';
import { createOwnToken, type OwnToken } from '../identity/own-token.ts';
import type { Directory } from '../plan/directory.ts';
import { createFileDirectory } from '../plan/directory-file.ts';
import { createHttpDirectory } from '../plan/directory-http.ts';

/** The directory that is configured: over HTTP with our own token, from a file, or none, which refuses look-ups. */
export function buildDirectory(
  configuration: Configuration,
  clock: { now: () => number; monotonicNow: () => number },
): { readonly directory: Directory; readonly ownToken?: OwnToken } {
  const { values } = configuration;
  const idField = values.DIRECTORY_ID_FIELD;
  const allowHttp = values.ENVIRONMENT === 'local';
  if (values.DIRECTORY_URL !== undefined) {
    const ownToken = createOwnToken({
      tokenUrl: values.M2M_TOKEN_URL ?? '',
      clientId: values.M2M_CLIENT_ID ?? '',
      clientSecret: values.M2M_CLIENT_SECRET ?? '',
      scope: values.M2M_SCOPE,
      ...(values.M2M_AUDIENCE === undefined ? {} : { audience: values.M2M_AUDIENCE }),
      allowHttp,
      now: clock.monotonicNow,
      random: Math.random,
    });
    const directory = createHttpDirectory({
      baseUrl: values.DIRECTORY_URL,
      idField,
      allowHttp,
      readToken: ownToken.readToken,
      defaults: recipientDefaults,
      now: clock.monotonicNow,
    });
    return { directory, ownToken };
  }
  if (values.DIRECTORY_FILE !== undefined) {
    return {
      directory: createFileDirectory({ path: values.DIRECTORY_FILE, idField, defaults: recipientDefaults }),
    };
  }
  const detail = 'no directory is configured: set DIRECTORY_URL or DIRECTORY_FILE';
  return { directory: { lookUpRecipient: () => Promise.resolve({ kind: 'unreachable', detail }) } };
}
