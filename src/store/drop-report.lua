-- drop-report: what a process said of itself is dropped, unless it has said something else since it was read.
-- Returns: how many were dropped
if redis.call('HGET', keys.reports, args.name) ~= args.text then
  return 0
end
return redis.call('HDEL', keys.reports, args.name)
