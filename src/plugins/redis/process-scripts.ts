import { script } from './connection/commands.js';

/**
 * A process begins: it gets a fence that is higher than all before, also than those that Redis has forgotten.
 * KEYS: lease, fence. ARGV: process, card or '', lease ms, ttl, lowest fence, the process's channel, channel of cards.
 */
export const ENTER = script(`
local now = redis.call('TIME')
local fence = math.max((redis.call('HGET', KEYS[2], 'f') or 0) + 1, ARGV[5], now[1] * 1000 + math.floor(now[2] / 1000))
local text = string.format('%d', fence)
redis.call('HSET', KEYS[2], 'f', text)
redis.call('PEXPIRE', KEYS[2], ARGV[4])
redis.call('SET', KEYS[1], text .. ' ' .. ARGV[2], 'PX', ARGV[3])
redis.call('PUBLISH', ARGV[6], 'f' .. text)
if ARGV[2] ~= '' then redis.call('PUBLISH', ARGV[7], text .. ' ' .. ARGV[2]) end
return text
`);

/**
 * Prolongs the lease. KEYS: lease, fence, rooms, scopes. ARGV: fence, card, lease ms, ttl, channel of cards, whether the card is new.
 */
export const RENEW = script(`
local f, x = unpack(redis.call('HMGET', KEYS[2], 'f', 'x'))
local fence = tonumber(ARGV[1])
if (f and tonumber(f) > fence) or (x and tonumber(x) >= fence) then return 'lost' end
local wasThere = redis.call('EXISTS', KEYS[1]) == 1 and f
redis.call('HSET', KEYS[2], 'f', ARGV[1])
redis.call('SET', KEYS[1], ARGV[1] .. ' ' .. ARGV[2], 'PX', ARGV[3])
for i = 2, 4 do redis.call('PEXPIRE', KEYS[i], ARGV[4]) end
if ARGV[6] == '1' and ARGV[2] ~= '' then redis.call('PUBLISH', ARGV[5], ARGV[1] .. ' ' .. ARGV[2]) end
return wasThere and 'ok' or 'restored'
`);

/** A process ends. KEYS: lease, fence, rooms, scopes. ARGV: process as JSON, fence, channel of cards. */
export const LEAVE = script(`
local f = redis.call('HGET', KEYS[2], 'f')
if f and tonumber(f) > tonumber(ARGV[2]) then return 0 end
redis.call('DEL', KEYS[1], KEYS[2], KEYS[3], KEYS[4])
redis.call('PUBLISH', ARGV[3], ARGV[2] .. ' {"left":' .. ARGV[1] .. '}')
return 1
`);

/**
 * Declares a process dead whose lease is over: its fence is not valid any more.
 * KEYS: lease, fence, rooms, scopes. ARGV: ttl. @returns its fence, rooms and scopes; nothing where it lives
 */
export const BURY = script(`
if redis.call('EXISTS', KEYS[1]) == 1 then return {} end
local now = redis.call('TIME')
local fence = redis.call('HGET', KEYS[2], 'f') or string.format('%d', now[1] * 1000)
redis.call('HSET', KEYS[2], 'f', fence, 'x', fence)
redis.call('PEXPIRE', KEYS[2], ARGV[1])
return { fence, redis.call('SMEMBERS', KEYS[3]), redis.call('SMEMBERS', KEYS[4]) }
`);

/** KEYS: lease. ARGV: channel, text. @returns whether the process lives */
export const SEND = script(`
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('PUBLISH', ARGV[1], ARGV[2])
return 1
`);

/** Adds to a set. KEYS: the set. ARGV: ttl, members. */
export const ADD = script(`
for i = 2, #ARGV do redis.call('SADD', KEYS[1], ARGV[i]) end
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return 1
`);

/** KEYS: the set. */
export const MEMBERS = script(`return redis.call('SMEMBERS', KEYS[1])`);

/** KEYS: the set. ARGV: members. */
export const REMOVE = script(`
for i = 1, #ARGV do redis.call('SREM', KEYS[1], ARGV[i]) end
return 1
`);

/** Counts an id in a scope. KEYS: scope. ARGV: id, owner, max, ttl. */
export const RESERVE = script(`
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 and redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[3]) then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return 1
`);

/** KEYS: scope. ARGV: owner, ids. */
export const RELEASE = script(`
for i = 2, #ARGV do
  if redis.call('HGET', KEYS[1], ARGV[i]) == ARGV[1] then redis.call('HDEL', KEYS[1], ARGV[i]) end
end
return 1
`);

/** Restores what a process has reserved, whatever the maximum is. KEYS: scope. ARGV: process, fence, ttl, ids. @returns those of others */
export const RESTORE = script(`
local process, others = ARGV[1] .. ' ', {}
for i = 4, #ARGV do
  local owner = redis.call('HGET', KEYS[1], ARGV[i])
  if owner and string.sub(owner, 1, #process) ~= process then others[#others + 1] = ARGV[i]
  else redis.call('HSET', KEYS[1], ARGV[i], process .. ARGV[2]) end
end
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return others
`);

/** Releases all that a process has reserved up to a fence. KEYS: scope. ARGV: process, fence. */
export const RELEASE_ALL = script(`
local process = ARGV[1] .. ' '
local all = redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do
  local owner = all[i + 1]
  if string.sub(owner, 1, #process) == process and tonumber(string.sub(owner, #process + 1)) <= tonumber(ARGV[2]) then
    redis.call('HDEL', KEYS[1], all[i])
  end
end
return 1
`);

/** KEYS: value. ARGV: value, ttl. */
export const PUT = script(`redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) return 1`);

/** Sets a value that there is not yet, or in place of the last one. KEYS: value. ARGV: value, ttl, last one. @returns the value that there is */
export const CLAIM = script(`
local known = redis.call('GET', KEYS[1])
if known and known ~= ARGV[3] then return known end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return ARGV[1]
`);

/** KEYS: value. */
export const GET = script(`return redis.call('GET', KEYS[1])`);
