-- return-limits: what take-limits took and is not used goes back; a provider that asked for it is left alone by all shards.
-- counters: windows and caps by their place. back: JSON {owner, windows: [{key}], caps: [{key, amount}], blockProviderMs}
-- Returns: {'returned'} | {'kept'}: nothing was taken for the owner, it was returned before, or that is too long ago
-- Invariant: what was not counted is not taken off, however often a response was lost.
--- include: ../store/clock.lua
--- include: block-provider.lua
--- include: return-counts.lua
local back = cjson.decode(args.back)
local now = nowMs()
blockProvider(back.blockProviderMs, now)
local returnableTo = tonumber(redis.call('ZSCORE', keys.placesTaken, back.owner) or '0')
if #back.windows + #back.caps == 0 or returnableTo <= now then
  return { 'kept' }
end
redis.call('ZREM', keys.placesTaken, back.owner)
returnWindows(back.windows, back.owner)
returnCaps(back.caps)
return { 'returned' }
