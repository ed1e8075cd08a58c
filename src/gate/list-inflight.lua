-- list-inflight: the attempts under way by the store's own clock, which is the one their deadlines were set by.
-- Returns: the members ('channel category id owner') whose deadline has not passed
--- include: ../store/clock.lua
return redis.call('ZRANGEBYSCORE', keys.inflight, int(nowMs()), '+inf')
