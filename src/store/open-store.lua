-- open-store: initialises an empty store, or checks that it is the one we expect.
-- KEYS: 1 store marker, 2 gate
-- ARGV: 1 shards, 2 now (ms), 3 environment, 4 lineage of a new store
-- Answers: {'created'} | {'opened'} | {'other-shards', theirs} | {'other-environment', theirs}
-- Invariant: the gate is written only together with the marker. A store that has a marker and no gate has lost
-- data, and a lost gate means stopped.
local marker = redis.call('HMGET', KEYS[1], 'shards', 'environment')
if marker[1] and marker[1] ~= ARGV[1] then
  return { 'other-shards', marker[1] }
end
if marker[2] and marker[2] ~= ARGV[3] then
  return { 'other-environment', marker[2] }
end
redis.call('HSET', KEYS[1], 'environment', ARGV[3])
if marker[1] then
  -- A store of a program that knew no lineage gets its first one.
  if redis.call('HEXISTS', KEYS[2], 'epoch') == 1 then
    redis.call('HSETNX', KEYS[2], 'lineage', ARGV[4])
  end
  return { 'opened' }
end
redis.call('HSET', KEYS[1], 'shards', ARGV[1], 'createdAt', ARGV[2])
redis.call('HSET', KEYS[2], 'lineage', ARGV[4], 'epoch', '1', 'run', '1',
  'send', 'on', 'send:email', 'on', 'send:sms', 'on', 'send:transactional', 'on', 'send:promotional', 'on',
  'ingest', 'on', 'consume', 'on', 'consume:events', 'on', 'consume:email', 'on', 'consume:sms', 'on')
return { 'created' }
