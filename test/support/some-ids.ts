import { toEventId, toMessageId } from '../../src/domain/ids.ts';

export const someEventId = toEventId(0, 'k3v9q1zr7m2c8d4x6w0b5n1t');
export const someMessageId = toMessageId(0, 'k3v9q1zr7m2c8d4x6w0b5n1t');
