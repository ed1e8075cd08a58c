-- park-record: puts a record that this program cannot read aside, and takes it back. The record itself is not touched.
-- from: index that it is in; to: index that it is to be in.
-- Returns: {'moved'} | {'absent'}: it is not in the first index (any more)
--- include: clock.lua
if redis.call('ZREM', keys.from, args.id) == 0 then
  return { 'absent' }
end
redis.call('ZADD', keys.to, int(nowMs()), args.id)
return { 'moved' }
