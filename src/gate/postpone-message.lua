-- postpone-message: notes that an open message rightly waits, until when, and what for.
-- KEYS: 1 message, 2 open messages (zset)
-- ARGV: 1 id, 2 for how long (ms), 3 what it waits for
-- Invariant: what is not open any more is not touched, and no record comes to be.
--- include: ../store/clock.lua
if redis.call('ZSCORE', KEYS[2], ARGV[1]) and redis.call('EXISTS', KEYS[1]) == 1 then
  redis.call('ZADD', KEYS[2], 'XX', int(nowMs() + tonumber(ARGV[2])), ARGV[1])
  redis.call('HSET', KEYS[1], 'waitsFor', ARGV[3])
end
