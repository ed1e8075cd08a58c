import { createWriteStream, openSync, renameSync, type WriteStream } from 'node:fs';

/** Bytes of one file; the file and the one before it are kept. */
const bytesMax = 16 * 1024 * 1024;

/** A log that never grows without end: when `file` is full it becomes `<file>.1`, in place of the one before. */
export interface RotatingLog {
  writeLine(line: string): void;
  end(): void;
}

/** Begins `file` anew. What a full disk cannot take is lost: the programs matter more than what they say. */
export function openRotatingLog(file: string, { max = bytesMax } = {}): RotatingLog {
  let stream = begin(file);
  let bytes = 0;
  const turn = (): WriteStream => {
    stream.end();
    renameSync(file, `${file}.1`);
    bytes = 0;
    return begin(file);
  };
  return {
    writeLine: (line) => {
      if (bytes >= max) stream = turn();
      bytes += Buffer.byteLength(line) + 1;
      stream.write(`${line}\n`);
    },
    end: () => void stream.end(),
  };
}

function begin(file: string): WriteStream {
  const stream = createWriteStream('', { fd: openSync(file, 'w') });
  stream.on('error', () => undefined);
  return stream;
}
