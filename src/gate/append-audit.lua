-- append-audit: adds a line to the hash-chained audit stream.
-- gate holds the head of the chain. head: hash that the caller saw there; line: JSON; hash: of the chain up to that line,
-- with its seal.
-- Returns: {'done'} | {'moved', hash}: somebody was first, read again
local head = redis.call('HGET', keys.gate, 'auditHash') or ''
if head ~= args.head then
  return { 'moved', head }
end
redis.call('XADD', keys.audit, '*', 'line', args.line, 'hash', args.hash)
redis.call('HSET', keys.gate, 'auditHash', args.hash)
return { 'done' }
