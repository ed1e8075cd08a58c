-- park-record: puts a record that this program cannot read aside, and takes it back. The record itself is not touched.
-- KEYS: 1 index that it is in, 2 index that it is to be in (zsets)
-- ARGV: 1 id
-- Answers: {'moved'} | {'absent'}: it is not in the first index (any more)
--- include: clock.lua
if redis.call('ZREM', KEYS[1], ARGV[1]) == 0 then
  return { 'absent' }
end
redis.call('ZADD', KEYS[2], int(nowMs()), ARGV[1])
return { 'moved' }
