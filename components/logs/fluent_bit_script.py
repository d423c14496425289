"""The Lua script through which every log line passes on its node: level, redaction, labels.

LuaJIT, Lua 5.1, is built into Fluent Bit. The script is one text: settings as a Lua table, then code. It
fails closed: a line that can't be processed is replaced by a notice, never sent as it was.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from .redaction import Pattern

LEVELS = ("trace", "debug", "info", "warn", "error", "fatal", "unknown")
"""Values of the label `level`. `unknown` is a line that says nothing of its own importance."""

_WORDS = {
    "trace": "trace", "verbose": "trace", "finest": "trace", "finer": "trace",
    "debug": "debug", "dbug": "debug", "fine": "debug",
    "info": "info", "information": "info", "informational": "info", "notice": "info", "normal": "info",
    "config": "info", "log": "info",
    "warn": "warn", "warning": "warn",
    "error": "error", "err": "error", "eror": "error", "severe": "error",
    "fatal": "fatal", "critical": "fatal", "crit": "fatal", "panic": "fatal", "alert": "fatal", "emerg": "fatal",
    "emergency": "fatal", "dpanic": "fatal",
}  # fmt: skip


def script(
    patterns: Sequence[Pattern], drop_levels: Sequence[str], tenant: str, tenants: Mapping[str, str], canary: str
) -> str:
    """The whole script; `tenants` by namespace, `canary` the container whose pods get a label of their own."""
    settings = {
        "words": _WORDS,
        "drop": dict.fromkeys(drop_levels, True),
        "patterns": [pattern._asdict() for pattern in patterns],
        "tenant": tenant,
        "tenants": dict(tenants),
        "canary": canary,
    }
    return f"local settings = {lua(settings)}\n{_CODE}"


def lua(value: Any) -> str:
    """A Lua literal. Brackets are kept apart, or Helm would read two of them as a template."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"[{_string(key)}] = {lua(item)}" for key, item in value.items()) + " }"
    return "{ " + ", ".join(lua(item) for item in value) + " }"


def _string(text: str) -> str:
    """A Lua string in ASCII; Lua 5.1 knows decimal escapes only. Curly brackets are escaped for Helm's sake."""
    plain = (c if 32 <= c < 127 and chr(c) not in '"\\{}' else None for c in text.encode())
    return '"' + "".join(chr(c) if c else f"\\{b:03d}" for c, b in zip(plain, text.encode(), strict=True)) + '"'


_CODE = r"""
local sub, find, gsub, lower, match = string.sub, string.find, string.gsub, string.lower, string.match

-- Whether digits satisfy the check sum of payment cards, and begin as theirs do.
local function luhn(text)
  local digits = gsub(text, "%D", "")
  if #digits < 13 or #digits > 19 or not find(digits, "^[3-6]") then
    return false
  end
  local sum = 0
  for i = 1, #digits do
    local digit = tonumber(sub(digits, -i, -i))
    if i % 2 == 0 then
      digit = digit * 2
      if digit > 9 then digit = digit - 9 end
    end
    sum = sum + digit
  end
  return sum % 10 == 0
end

local function redact(text)
  local lowered = lower(text)
  for _, p in ipairs(settings.patterns) do
    if p.hint == "" or find(lowered, p.hint, 1, true) then
      local mark = "[REDACTED:" .. p.name .. "]"
      -- Positions are captured around the pattern, so its own first capture is the second.
      local anchor, inner = match(p.pattern, "^(^?)(.*)$")
      text = gsub(text, anchor .. "()" .. gsub(inner, "%%1", "%%2") .. "()", function(from, ...)
        local found = { ... }
        local upto = found[#found]
        local whole = sub(text, from, upto - 1)
        if p.check == "luhn" then
          return luhn(whole) and mark or whole
        end
        local before = #found > 1 and found[1] or ""
        local after = #found > 2 and found[2] or ""
        return before .. mark .. after
      end)
    end
  end
  return text
end

local function word(value)
  return type(value) == "string" and settings.words[lower(value)] or nil
end

-- pino and bunyan count 10 to 60, OpenTelemetry 1 to 24.
local function number(value, ten)
  if type(value) ~= "number" then return nil end
  local n = ten and value / 10 or (value + 3) / 4
  if n < 1 or n >= 7 then return nil end
  return ({ "trace", "debug", "info", "warn", "error", "fatal" })[math.floor(n)]
end

local level_keys = {
  "level", "severity", "lvl", "loglevel", "log.level", "levelname", "severity_text", "severityText", "@level",
}

local function level_of_fields(fields)
  if type(fields) ~= "table" then return nil end
  for _, key in ipairs(level_keys) do
    local found = word(fields[key]) or number(fields[key], true)
    if found then return found end
  end
  if type(fields.log) == "table" and word(fields.log.level) then
    return word(fields.log.level)
  end
  return number(fields.severity_number, false) or number(fields.severityNumber, false)
end

local klog = { I = "info", W = "warn", E = "error", F = "fatal" }

local function level_of_text(text)
  local head = sub(text, 1, 300)
  local letter = match(head, "^([IWEF])%d%d%d%d%s")
  if letter then return klog[letter] end
  local named = match(head, "%f[%a][Ll]e?ve?l\\?[\"']?%s*[=:]%s*\\?[\"']?(%a+)") or
    match(head, "%f[%a][Ss]everity\\?[\"']?%s*[=:]%s*\\?[\"']?(%a+)")
  if word(named) then return word(named) end
  if find(head, "^panic:") or find(head, "^fatal error:") then return "fatal" end
  if find(head, "^Traceback %(most recent call last%)") or find(head, "^Exception in thread") or
    find(head, "^[%w_%.%$]+Exception[:%s]") or find(head, "^[%w_%.%$]+Error: ") then
    return "error"
  end
  for shout in string.gmatch(sub(head, 1, 120), "%f[%w]%u%u%u%u+%f[%W]") do
    if word(shout) then return word(shout) end
  end
  local bracketed = match(head, "%[(%a+)%s*%]")
  return word(bracketed) or "unknown"
end

local function first(fields, keys)
  if type(fields) ~= "table" then return nil end
  for _, key in ipairs(keys) do
    if type(fields[key]) == "string" and fields[key] ~= "" then return fields[key] end
  end
  return nil
end

local function hex(value, least, most)
  if value and #value >= least and #value <= most and not find(value, "%X") then return lower(value) end
  return nil
end

local function trace_of(fields, text)
  local id = hex(first(fields, { "trace_id", "traceId", "traceID", "traceid", "trace.id", "otelTraceID" }), 16, 32)
  return id or hex(match(text, "[Tt]race_?[Ii][Dd]\\?[\"']?%s*[=:]%s*\\?[\"']?(%x+)"), 16, 32)
end

local function span_of(fields, text)
  local id = hex(first(fields, { "span_id", "spanId", "spanID", "spanid", "span.id", "otelSpanID" }), 16, 16)
  return id or hex(match(text, "[Ss]pan_?[Ii][Dd]\\?[\"']?%s*[=:]%s*\\?[\"']?(%x+)"), 16, 16)
end

-- Labels that differ with every rollout, or that say once more what is said already, would only fill the store.
local passing = {
  ["app.kubernetes.io/name"] = true, ["app"] = true, ["k8s-app"] = true, ["helm.sh/chart"] = true,
  ["app.kubernetes.io/managed-by"] = true,
  ["pod-template-hash"] = true, ["controller-revision-hash"] = true, ["pod-template-generation"] = true,
  ["statefulset.kubernetes.io/pod-name"] = true, ["apps.kubernetes.io/pod-index"] = true,
}

local function log_line(record)
  local k8s = type(record.kubernetes) == "table" and record.kubernetes or {}
  local labels = type(k8s.labels) == "table" and k8s.labels or {}
  local fields = record.parsed
  local text = type(record.log) == "string" and record.log or ""
  text = gsub(text, "%s+$", "")
  local level = level_of_fields(fields) or level_of_text(text)
  if settings.drop[level] then return nil end
  local metadata = {
    pod = k8s.pod_name, container = k8s.container_name, node = k8s.host,
    trace_id = trace_of(fields, text), span_id = span_of(fields, text),
  }
  for key, value in pairs(labels) do
    if type(value) == "string" and value ~= "" and not passing[key] then
      metadata["label_" .. gsub(key, "[^%w_]", "_")] = value
    end
  end
  local namespace = k8s.namespace_name or "unknown"
  return {
    log = redact(text),
    level = level,
    stream = record.stream or "stdout",
    namespace = namespace,
    app = labels["app.kubernetes.io/name"] or labels["app"] or labels["k8s-app"] or k8s.container_name or "unknown",
    tenant = settings.tenants[namespace] or settings.tenant,
    canary = k8s.container_name == settings.canary and k8s.pod_name or nil,
    metadata = metadata,
  }
end

local function event_line(record)
  local object = record.involvedObject or record.regarding or {}
  local namespace = object.namespace or "cluster"
  local text = string.format("%s %s/%s: %s", tostring(record.reason), tostring(object.kind), tostring(object.name),
    tostring(record.message or record.note))
  local source = type(record.source) == "table" and record.source.component or record.reportingComponent
  return {
    log = redact(text),
    level = record.type == "Normal" and "info" or "warn",
    namespace = namespace,
    tenant = settings.tenants[namespace] or settings.tenant,
    metadata = {
      reason = record.reason, kind = object.kind, name = object.name, component = source,
      node = type(record.source) == "table" and record.source.host or nil,
      count = record.count and tostring(record.count) or nil,
    },
  }
end

-- Fails closed: what can't be read is not sent as it was.
local function guarded(make, timestamp, record)
  local fine, made = pcall(make, record)
  if not fine then
    made = {
      log = "[REDACTED:unreadable] a line could not be processed: " .. gsub(tostring(made), "[\"'].*", ""),
      level = "error", stream = "stdout", namespace = "unknown", app = "fluent-bit", tenant = settings.tenant,
      metadata = { },
    }
  end
  if not made then return -1, timestamp, record end
  return 2, timestamp, made
end

function process(tag, timestamp, record)
  return guarded(log_line, timestamp, record)
end

function event(tag, timestamp, record)
  return guarded(event_line, timestamp, record)
end
"""
