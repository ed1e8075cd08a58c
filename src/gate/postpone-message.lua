-- postpone-message: notes that an open message rightly waits, until when, and what for.
-- inMs: for how long; why: what it waits for.
-- Invariant: what is not open any more is not touched, and no record comes to be.
--- include: ../store/clock.lua
if redis.call('ZSCORE', keys.messagesOpen, args.id) and redis.call('EXISTS', keys.message) == 1 then
  redis.call('ZADD', keys.messagesOpen, 'XX', int(nowMs() + tonumber(args.inMs)), args.id)
  redis.call('HSET', keys.message, 'waitsFor', args.why)
end
