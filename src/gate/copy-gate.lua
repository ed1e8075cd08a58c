-- copy-gate: the gate of the central shard, written to another shard that has an older one.
-- lineage, epoch: of the copy; part: of which channel or category the attempts under way are told; adopts: 'adopts' where a
-- gate that is lost is made anew; fields: field, value of the copy
-- Returns: {word, attempts under way (list-inflight)}; the word is
--   copied | current: this shard is as strict as the copy, or newer
--   missing: it has lost its gate, which means stopped
--   other-lineage: it is of another store, or of a later era
-- Invariants: a gate never becomes older, by the era of its lineage or by its epoch within one. That a shard was found behind
-- is forgotten only with its lineage.
--- include: ../store/clock.lua
--- include: in-flight.lua
local own = redis.call('HMGET', keys.gate, 'lineage', 'epoch', 'wentBack')
local function eraOf(lineage)
  return tonumber(string.match(lineage or '', '^(%d+)%.') or '0')
end

if not own[2] and args.adopts ~= 'adopts' then
  return { 'missing', listInFlight(args.part) }
end
local isSame = own[1] == args.lineage
if not isSame and own[2] and eraOf(own[1]) >= eraOf(args.lineage) then
  return { 'other-lineage', listInFlight(args.part) }
end
if isSame and own[2] and tonumber(own[2]) >= tonumber(args.epoch) then
  return { 'current', listInFlight(args.part) }
end
redis.call('DEL', keys.gate)
redis.call('HSET', keys.gate, unpack(args.fields))
if isSame and own[3] then
  redis.call('HSET', keys.gate, 'wentBack', own[3])
end
return { 'copied', listInFlight(args.part) }
