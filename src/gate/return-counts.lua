-- return-counts: takes back what a permit counted, when nothing of the message left. Included.

local function returnWindows(windows, owner)
  for _, window in ipairs(windows or {}) do
    redis.call('ZREM', keys.counters[window.key], owner)
  end
end

-- A cap that has expired meanwhile is not made anew, or it would start below zero and live for ever.
local function returnCaps(caps)
  for _, cap in ipairs(caps or {}) do
    if redis.call('EXISTS', keys.counters[cap.key]) == 1 then
      redis.call('INCRBYFLOAT', keys.counters[cap.key], tostring(-cap.amount))
    end
  end
end

-- The recipient's interval goes back to what it was before the claim, unless another message was permitted since;
-- the day's count goes back unless the day is over.
local function returnRecipient(key, category, claimedAt, lastBefore)
  local seen = redis.call('HMGET', key, 'last:' .. category, 'day', 'dayCount')
  if seen[1] and seen[1] == claimedAt then
    if lastBefore and lastBefore ~= '' then
      redis.call('HSET', key, 'last:' .. category, lastBefore)
    else
      redis.call('HDEL', key, 'last:' .. category)
    end
  end
  local day = int(math.floor(tonumber(claimedAt or '0') / 86400000))
  if seen[2] == day and tonumber(seen[3] or '0') > 0 then
    redis.call('HINCRBY', key, 'dayCount', -1)
  end
end
