-- block-provider: a provider said to slow down, and nobody uses it for so long. Included.
local function blockProvider(ms, now)
  if not ms then
    return
  end
  local blocked = tonumber(redis.call('HGET', keys.provider, 'blockedUntil') or '0')
  if now + ms > blocked then
    redis.call('HSET', keys.provider, 'blockedUntil', int(now + ms))
    redis.call('PEXPIRE', keys.provider, int(math.max(1, ms)))
  end
end
