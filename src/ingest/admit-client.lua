-- admit-client: takes tokens out of a client's allowance, for one process to hand out (GCRA: one instant says it all).
-- allowance: the instant (µs of the store's clock) at which it is whole again; absent: it is whole.
-- usEach: µs a token; wanted: at least needed; givenBack: never more than were granted;
-- neededMax: most tokens that one request may need.
-- Answers: {granted (0, or needed up to wanted), µs until the allowance is whole, µs until `needed` can be had}
-- Invariant: in any time t no more than burst + t / (µs a token) tokens are granted, over all processes together.
-- More than the burst is granted only to a whole allowance, which then is that much longer in becoming whole again.
-- A clock that went back does not shut a client out: no allowance is further from whole than its largest debt.
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local each, burst = tonumber(args.usEach), tonumber(args.burst)
local needed, wanted = tonumber(args.needed), tonumber(args.wanted)
local whole = tonumber(redis.call('GET', keys.allowance) or '0') - tonumber(args.givenBack) * each
whole = math.max(now, math.min(whole, now + math.max(burst, tonumber(args.neededMax)) * each))
local left = math.floor(burst - (whole - now) / each)
local threshold = math.min(needed, burst)
local granted = 0
if left >= threshold then
  granted = math.max(needed, math.min(left, wanted))
  whole = whole + granted * each
end
if whole > now then
  redis.call('SET', keys.allowance, string.format('%.0f', whole), 'PX', math.ceil((whole - now) / 1000))
else
  redis.call('DEL', keys.allowance)
end
return { granted, math.ceil(whole - now), math.max(0, math.ceil(whole - now - (burst - threshold) * each)) }
