import type { ErrorCode } from '../domain/errors.ts';

/** What a person does about each problem: the text of its page at `/problems/<code>`. */
export const problemAdvice: Readonly<Record<ErrorCode, string>> = {
  'malformed-json':
    'Send a body that a JSON parser accepts, in UTF-8. Where it stops making sense stands in the detail, when that is known.',
  'malformed-event':
    'Send one of the three shapes: flat, envelope, or CloudEvents 1.0 with specversion "1.0". Each needs a type. An event may be nested 16 levels deep and may not use the names __proto__, constructor and prototype.',
  'malformed-request':
    'A header or the request line is not valid; the detail names it. An Idempotency-Key has 1 to 255 printable ASCII characters.',
  'idempotency-key-missing':
    'Every event needs an identity, so that a repeated post never becomes a second message. Send an Idempotency-Key header, or idempotency_key in the body, or an id (with source) in an envelope or CloudEvent.',
  'invalid-token':
    'Send Authorization: Bearer <token> with a token of the configured issuer, for this audience, that has not expired. The WWW-Authenticate header tells what is wrong with this one.',
  'insufficient-scope':
    'The token is good, but it does not allow this. The WWW-Authenticate header names the scope; ask for a token that has it.',
  'not-found': 'There is nothing at this path, or what is there belongs to another client.',
  'method-not-allowed': 'The path exists; the Allow header lists what it offers.',
  'idempotency-conflict':
    'This key was used within its life (24 hours by default) with another body. Nothing was changed. If this is a new event, give it a new key; if it is a repeat, send the same body.',
  'state-conflict':
    'The operation is not possible in the current state of the resource. Read it again to see that state.',
  'record-unreadable':
    'A newer program wrote this record, or it is damaged. It is kept as it is, and nothing is sent from it. Ask again when the program that wrote it runs.',
  'body-too-large':
    'One event has at most 256 KiB; a batch has at most 500 events and 1 MiB. Send less at a time.',
  'request-timeout':
    'The request did not arrive in time. Send it again, over a connection that is not stuck.',
  'headers-too-large':
    'All header fields together may have 16 KiB. A token or a cookie has probably grown too long.',
  'unsupported-media-type':
    'Send application/json or application/cloudevents+json (for a batch: application/cloudevents-batch+json) in UTF-8, without content encoding.',
  'unknown-event-type': 'No template is fed by this type. The member known_types lists those there are.',
  'invalid-event-data':
    'The data is not what the templates of this type need. Each fault is listed with its JSON pointer into the body you sent.',
  'invalid-request-data':
    'Some fields are not valid. Each fault is listed with its JSON pointer into the body you sent.',
  'rate-limited':
    'This client sends more than its allowance. Wait as long as Retry-After says; the RateLimit header tells what is left.',
  'ingestion-paused':
    'A person or a guard has paused the intake. Nothing was accepted. Keep the event and send it again after Retry-After.',
  'store-unavailable':
    'The store did not confirm the write, so the event does not count as accepted. Send the same request again with the same key: it can never become two messages.',
  'over-capacity':
    'The backlog is over its budget. Nothing was accepted. Send the same request again after Retry-After.',
  'keys-unavailable':
    'The issuer’s signing keys are unavailable, so the token can be neither accepted nor rejected. Send the same request again after Retry-After.',
  'shutting-down': 'This process is on its way out. Send the same request again; another process takes it.',
  'internal-error':
    'An error on our side. Nothing is known to be accepted. Send the same request again with the same key, and quote the request id when you ask us.',
};
