-- take-limits: takes a place in every window and cap for a message of another shard, before that shard is asked for its permit.
-- counters: windows and caps by their place. ask: as in permit.lua, of which it reads owner, rehearse, windows, caps, run and day.
-- keptMs: how long the places can be returned.
-- Returns: {'taken'} | {'free'}: none is to be taken, as for a rehearsal | what is in the way, as permit.lua answers it
-- Invariant: no window or cap is exceeded over all shards together. What was taken is returned at most once
-- (return-limits.lua), and stays counted when nobody returns it.
--- include: ../store/clock.lua
--- include: limits.lua
local ask = cjson.decode(args.ask)
local now = nowMs()
local against = limitInTheWay(ask, redis.call('HGET', keys.gate, 'run'), now)
if against then
  return against
end
if ask.rehearse or #ask.windows + #ask.caps == 0 then
  return { 'free' }
end
countAgainstLimits(ask, now)
redis.call('ZREMRANGEBYSCORE', keys.placesTaken, '-inf', int(now))
redis.call('ZADD', keys.placesTaken, int(now + tonumber(args.keptMs)), ask.owner)
redis.call('PEXPIRE', keys.placesTaken, args.keptMs)
return { 'taken' }
