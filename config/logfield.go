package config

import (
	"maps"
	"slices"
)

// LogField is what a line may tell of a request.
type LogField string

// The fields of lines. Those from LogDuration to LogSend are times and have a unit.
const (
	LogClient        LogField = "client"
	LogUser          LogField = "user"
	LogLocalTime     LogField = "local time" // as NCSA writes it
	LogISOTime       LogField = "ISO time"
	LogUnixTime      LogField = "Unix time"
	LogRequest       LogField = "request" // method, target and protocol
	LogMethod        LogField = "method"
	LogTarget        LogField = "target"
	LogPath          LogField = "path" // decoded
	LogQuery         LogField = "query"
	LogProtocol      LogField = "protocol"
	LogScheme        LogField = "scheme"
	LogHost          LogField = "host"
	LogStatus        LogField = "status"
	LogReceived      LogField = "received" // bytes of the body
	LogSent          LogField = "sent"     // bytes of the body
	LogSentOrNone    LogField = "sent, or nothing"
	LogDuration      LogField = "duration"
	LogBefore        LogField = "before" // the proxies before us
	LogRead          LogField = "read"
	LogDelayed       LogField = "delayed"
	LogQueue         LogField = "queue"
	LogApplication   LogField = "application"
	LogSend          LogField = "send"
	LogID            LogField = "request id"
	LogTraceID       LogField = "trace id"
	LogWorker        LogField = "worker"
	LogThread        LogField = "thread"
	LogTries         LogField = "tries"
	LogSource        LogField = "source"
	LogReason        LogField = "reason" // the kind of the fault
	LogFault         LogField = "fault"
	LogRequestField  LogField = "request field"
	LogResponseField LogField = "response field"
)

// LogUnit is how a time is written.
type LogUnit uint8

// The units of times.
const (
	Seconds      LogUnit = iota // 1
	Milliseconds                // 1234
	Microseconds                // 1234567
	Decimal                     // seconds: 1.234567
	Decimal3                    // seconds: 1.234
	DecimalMilli                // milliseconds: 1234.567
)

// unquotedJSON are the fields that stand in JSON without quotes: numbers, whatever the client sends.
var unquotedJSON = []LogField{
	LogUnixTime, LogStatus, LogReceived, LogSent, LogSentOrNone, LogWorker, LogThread, LogTries,
	LogDuration, LogBefore, LogRead, LogDelayed, LogQueue, LogApplication, LogSend,
}

func aField(field LogField) []LogPiece           { return []LogPiece{{Field: field}} }
func aTime(field LogField, u LogUnit) []LogPiece { return []LogPiece{{Field: field, Unit: u}} }
func requestField(name string) []LogPiece        { return []LogPiece{{Field: LogRequestField, Name: name}} }
func between(a string, f LogField, b string) []LogPiece {
	return []LogPiece{{Text: a}, {Field: f}, {Text: b}}
}

// atoms are gunicorn's placeholders: %(h)s and so on.
var atoms = map[string][]LogPiece{
	"h": aField(LogClient), "l": {{Text: "-"}}, "u": aField(LogUser), "t": between("[", LogLocalTime, "]"),
	"r": aField(LogRequest), "m": aField(LogMethod), "U": aField(LogPath), "q": aField(LogQuery), "H": aField(LogProtocol),
	"s": aField(LogStatus), "B": aField(LogSent), "b": aField(LogSentOrNone),
	"f": requestField("referer"), "a": requestField("user-agent"),
	"T": aTime(LogDuration, Seconds), "D": aTime(LogDuration, Microseconds), "M": aTime(LogDuration, Milliseconds),
	"L": aTime(LogDuration, Decimal), "p": between("<", LogWorker, ">"),
}

// variables are nginx's: $remote_addr and so on. The last ones are our own, in their manner.
var variables = map[string][]LogPiece{
	"remote_addr": aField(LogClient), "remote_user": aField(LogUser),
	"time_local": aField(LogLocalTime), "time_iso8601": aField(LogISOTime), "msec": aField(LogUnixTime),
	"request": aField(LogRequest), "request_method": aField(LogMethod), "request_uri": aField(LogTarget), "uri": aField(LogPath),
	"args": aField(LogQuery), "query_string": aField(LogQuery), "server_protocol": aField(LogProtocol),
	"scheme": aField(LogScheme), "host": aField(LogHost), "status": aField(LogStatus), "body_bytes_sent": aField(LogSent),
	"request_time": aTime(LogDuration, Decimal3), "upstream_response_time": aTime(LogApplication, Decimal3),
	"request_id": aField(LogID),

	"request_time_ms": aTime(LogDuration, DecimalMilli), "body_bytes_received": aField(LogReceived),
	"read_time": aTime(LogRead, Decimal), "delay_time": aTime(LogDelayed, Decimal), "queue_time": aTime(LogQueue, Decimal),
	"application_time": aTime(LogApplication, Decimal), "send_time": aTime(LogSend, Decimal),
	"worker": aField(LogWorker), "thread": aField(LogThread), "tries": aField(LogTries), "source": aField(LogSource),
	"before_time": aTime(LogBefore, Decimal), "trace_id": aField(LogTraceID), "reason": aField(LogReason),
	"fault": aField(LogFault),
}

// The variables that end with the name of a field.
const (
	requestPrefix  = "http_"
	responsePrefix = "sent_http_"
)

// Variables are the names of all variables that a format may have, in alphabetical order.
func Variables() []string { return slices.Sorted(maps.Keys(variables)) }
