-- Sends the request in the file that is named first; with "vary" each has a number of its own in it.
local before, after, number

function init(args)
  local file = assert(io.open(args[1], "rb"))
  local text = file:read("*a")
  file:close()
  local from, to = string.find(text, string.rep("@", 20), 1, true)
  before, after = string.sub(text, 1, from - 1), string.sub(text, to + 1)
  number = args[2] == "vary" and (os.time() % 1000000) * 1000000000 or nil
end

function request()
  if number then number = number + 1 end
  return before .. string.format("%020d", number or 0) .. after
end

function done(summary, latency)
  local e = summary.errors
  io.write(string.format(
    'RESULT {"requests": %d, "us": %d, "bytes": %d, "errors": %d, "p50_us": %d, "p99_us": %d}\n',
    summary.requests, summary.duration, summary.bytes,
    e.connect + e.read + e.write + e.status + e.timeout,
    latency:percentile(50), latency:percentile(99)))
end
