-- Sends the requests of a file, a line each: path, tab, body. Environment: KV_METHOD, KV_HEADERS (lines of
-- `name: value`), KV_REQUESTS (the file), KV_ORDER, KV_SEED.
-- any: the first one goes first, over each connection, so that it is known to have been sent; then any.
-- each: one after the other. wrk asks for one more before it begins, which it does not send.
local FIRST = 1 + 16
local method = os.getenv("KV_METHOD")
local paths, bodies = {}, {}
local asked = 0
local each = os.getenv("KV_ORDER") == "each"

function init(_)
    math.randomseed(tonumber(os.getenv("KV_SEED")))
    for name, value in os.getenv("KV_HEADERS"):gmatch("([^:\n]+): ([^\n]*)") do
        wrk.headers[name] = value
    end
    for line in io.lines(os.getenv("KV_REQUESTS")) do
        local path, body = line:match("^([^\t]+)\t?(.*)$")
        paths[#paths + 1] = path
        bodies[#bodies + 1] = body ~= "" and body
    end
end

function request()
    asked = asked + 1
    local number = each and math.min(math.max(asked - 1, 1), #paths) or asked > FIRST and math.random(#paths) or 1
    return wrk.format(method, paths[number], nil, bodies[number] or nil)
end

-- `status` counts the answers above 399.
function done(summary, latency, _)
    local errors = summary.errors
    io.write(string.format(
        '\n{"requests": %d, "s": %.6f, "p50_ms": %.3f, "p99_ms": %.3f, '
            .. '"connect": %d, "read": %d, "write": %d, "status": %d, "timeout": %d}\n',
        summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
        errors.connect, errors.read, errors.write, errors.status, errors.timeout
    ))
end
