import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

export interface ConnectionBounds {
  /** Most connections at a time. Beyond it the one that can be spared best is closed, or the newcomer. */
  readonly connectionsMax: number;
  /** Most connections with a response that its peer has not read, and how long it may take to read one. */
  readonly unreadMax?: number;
  readonly unreadMsMax?: number;
  /** Whether a verified client was answered. */
  readonly isOfClient: (response: ServerResponse) => boolean;
  /** Told why a connection was closed; for figures alone. */
  readonly onClose?: (why: ClosedWhy) => void;
}

/**
 * `crowded`: idle, for a newcomer. `refused`: a newcomer, while every other one was at work. `unread`: its response was not
 * read for too long, or too many were not.
 */
export const closedWhys = ['crowded', 'refused', 'unread'] as const;
export type ClosedWhy = (typeof closedWhys)[number];

/**
 * A response counts as unread once the kernel takes no more of it: each holds up to some megabytes there. Honest peers
 * hardly ever get so far behind.
 */
const unreadDefaults = { max: 32, msMax: 30_000 };
const sweepsInTime = 30;

/** How badly an idle connection would be missed: nothing was asked on it yet, a stranger asked, a client asked. */
const ranks = ['unused', 'stranger', 'client'] as const;
type Rank = (typeof ranks)[number];

interface Standing {
  rank: Rank;
  /** Requests that we have not answered. */
  underWay: number;
}

export interface ConnectionTracker {
  /** A request came in on this connection and is to be answered with this response. */
  follow(socket: Socket, response: ServerResponse): void;
  /** Answers that we owe. */
  awaited(): number;
  /** Answers that we have given, and that are not read yet. */
  unread(): number;
}

/**
 * Bounds what connections cost. At the bound a newcomer takes the place of the one that is idle the longest, of those on
 * which nothing was ever asked, then of strangers, and only then of clients: so a crowd that opens connections
 * and waits pushes out its own, while a client that keeps its connection keeps it. What is idle is what waits for its
 * peer: to ask, or to read a response that is written. Answers that are not read are bounded in time and number.
 * Whoever sends too slowly is cut by Node's own timeouts.
 */
export function boundConnections(server: Server, bounds: ConnectionBounds): ConnectionTracker {
  const standings = new Map<Socket, Standing>();
  const idle = createIdleList();
  const unread = createUnreadList(bounds, (socket) => standings.get(socket)?.rank === 'client');
  const forget = (socket: Socket): void => {
    idle.remove(socket);
    unread.remove(socket);
    standings.delete(socket);
  };
  const close = (socket: Socket, why: ClosedWhy): void => {
    forget(socket);
    socket.destroy();
    bounds.onClose?.(why);
  };
  server.on('connection', (socket: Socket) => {
    standings.set(socket, { rank: 'unused', underWay: 0 });
    socket.once('close', () => forget(socket));
    if (standings.size > bounds.connectionsMax) {
      const spared = idle.findSpared();
      close(spared ?? socket, spared === undefined ? 'refused' : 'crowded');
    }
    if (standings.has(socket)) idle.put(socket, 'unused');
  });
  sweepWhileListening(server, unread.sweepMs, () => {
    for (const socket of unread.findLate()) close(socket, 'unread');
  });
  const responses = { awaited: 0, open: 0 };
  const release = (socket: Socket, response: ServerResponse): void => {
    responses.awaited -= 1;
    const standing = standings.get(socket);
    if (standing === undefined) return;
    standing.underWay -= 1;
    // Once of a client, always of a client: a bad token now and then makes it no stranger.
    if (standing.rank !== 'client') standing.rank = bounds.isOfClient(response) ? 'client' : 'stranger';
    if (standing.underWay === 0) idle.put(socket, standing.rank);
    const surplus = socket.writableLength > 0 ? unread.add(socket) : undefined;
    if (surplus !== undefined) close(surplus, 'unread');
  };
  return {
    follow: (socket, response) => {
      responses.awaited += 1;
      responses.open += 1;
      const standing = standings.get(socket);
      if (standing !== undefined) standing.underWay += 1;
      idle.remove(socket);
      let isReleased = false;
      const end = (): void => {
        if (!isReleased) release(socket, response);
        isReleased = true;
      };
      // Our last write; what comes after it is the peer's reading.
      response.on('prefinish', end);
      response.on('close', () => {
        end();
        unread.remove(socket);
        responses.open -= 1;
      });
    },
    awaited: () => responses.awaited,
    unread: () => responses.open - responses.awaited,
  };
}

function sweepWhileListening(server: Server, everyMs: number, sweep: () => void): void {
  let sweeping: NodeJS.Timeout | undefined;
  server.once('listening', () => {
    sweeping = setInterval(sweep, everyMs).unref();
  });
  server.once('close', () => clearInterval(sweeping));
}

/** Idle connections by rank, and in each by how long they are. */
function createIdleList() {
  const lists: Readonly<Record<Rank, Set<Socket>>> = {
    unused: new Set(),
    stranger: new Set(),
    client: new Set(),
  };
  return {
    put: (socket: Socket, rank: Rank): void => void lists[rank].add(socket),
    remove: (socket: Socket): void => {
      for (const rank of ranks) lists[rank].delete(socket);
    },
    findSpared: (): Socket | undefined => {
      for (const rank of ranks) for (const socket of lists[rank]) return socket;
      return undefined;
    },
  };
}

/** Connections with a response that its peer does not read, the oldest first. */
function createUnreadList(
  { unreadMax = unreadDefaults.max, unreadMsMax = unreadDefaults.msMax }: ConnectionBounds,
  isClient: (socket: Socket) => boolean,
) {
  const sinceMs = new Map<Socket, number>();
  return {
    sweepMs: unreadMsMax / sweepsInTime,
    /** Answers the one that is too many, if there is one: of a stranger before any of a client. */
    add: (socket: Socket): Socket | undefined => {
      sinceMs.set(socket, sinceMs.get(socket) ?? performance.now());
      if (sinceMs.size <= unreadMax) return undefined;
      const oldestFirst = [...sinceMs.keys()];
      return oldestFirst.find((one) => !isClient(one)) ?? oldestFirst[0];
    },
    remove: (socket: Socket): void => void sinceMs.delete(socket),
    findLate: (): readonly Socket[] => {
      const beforeMs = performance.now() - unreadMsMax;
      return [...sinceMs].flatMap(([socket, since]) => (since < beforeMs ? [socket] : []));
    },
  };
}
