-- park-record: puts a record that this program cannot read aside, and takes it back. The record itself is not touched.
-- KEYS: 1 index that it is in, 2 index that it is to be in (zsets)
-- ARGV: 1 id, 2 score in the other index (ms)
-- Answers: {'moved'} | {'absent'}: it is not in the first index (any more)
if redis.call('ZREM', KEYS[1], ARGV[1]) == 0 then
  return { 'absent' }
end
redis.call('ZADD', KEYS[2], ARGV[2], ARGV[1])
return { 'moved' }
