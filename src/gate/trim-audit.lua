-- trim-audit: takes the oldest lines off the audit stream, and leaves a line that says so.
-- gate holds the head of the chain. head: hash that the caller saw there; line: JSON; hash: of the chain up to that line;
-- base, baseCount: hash and number of the last line that goes; firstKept: id of the first entry that stays.
-- Returns: {'done'} | {'moved', hash}: somebody was first, read again
-- Invariant: `auditBase` is what the first line that is left follows; the chain has a line that names the same base.
local head = redis.call('HGET', keys.gate, 'auditHash') or ''
if head ~= args.head then
  return { 'moved', head }
end
redis.call('XADD', keys.audit, '*', 'line', args.line, 'hash', args.hash)
redis.call('HSET', keys.gate, 'auditHash', args.hash, 'auditBase', args.base, 'auditBaseCount', args.baseCount)
redis.call('XTRIM', keys.audit, 'MINID', args.firstKept)
return { 'done' }
