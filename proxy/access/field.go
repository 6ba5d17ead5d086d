package access

import (
	"time"

	"forebay/config"
)

// dates are the fields that tell when it was. Each appender keeps the text of the last second.
var dates = map[config.LogField]func() appender{
	config.LogLocalTime: func() appender {
		cache := &dateCache{layout: layoutNCSA}
		return func(dst []byte, e *Entry) []byte { return cache.append(dst, e.Time) }
	},
	config.LogISOTime: func() appender {
		date := newISODate()
		return func(dst []byte, e *Entry) []byte { return date.append(dst, e.Time) }
	},
	config.LogUnixTime: func() appender {
		return func(dst []byte, e *Entry) []byte { return appendDecimal(dst, max(0, e.Time.UnixMilli()), 3) }
	},
}

// durations are the fields that are times.
var durations = map[config.LogField]struct {
	value func(e *Entry) time.Duration
	known func(e *Entry) bool // nil: always
}{
	config.LogBefore:      {func(e *Entry) time.Duration { return e.Before }, func(e *Entry) bool { return e.Before > 0 }},
	config.LogDuration:    {func(e *Entry) time.Duration { return e.Total }, nil},
	config.LogRead:        {func(e *Entry) time.Duration { return e.Read }, nil},
	config.LogDelayed:     {func(e *Entry) time.Duration { return e.Delayed }, nil},
	config.LogQueue:       {func(e *Entry) time.Duration { return e.Queue }, (*Entry).queued},
	config.LogApplication: {func(e *Entry) time.Duration { return e.Application }, (*Entry).ran},
	config.LogSend:        {(*Entry).Send, nil},
}

// numbers are the fields that are counts or names of processes.
var numbers = map[config.LogField]struct {
	value func(e *Entry) int64
	known func(e *Entry) bool // nil: always
}{
	config.LogStatus:     {func(e *Entry) int64 { return int64(e.Status) }, nil},
	config.LogReceived:   {func(e *Entry) int64 { return e.Received }, nil},
	config.LogSent:       {func(e *Entry) int64 { return e.Bytes }, nil},
	config.LogSentOrNone: {func(e *Entry) int64 { return e.Bytes }, func(e *Entry) bool { return e.Bytes > 0 }},
	config.LogWorker:     {func(e *Entry) int64 { return int64(e.Worker) }, (*Entry).ran},
	config.LogThread:     {func(e *Entry) int64 { return int64(e.Thread) }, (*Entry).ran},
	config.LogTries:      {func(e *Entry) int64 { return int64(e.Tries) }, (*Entry).ran},
}

// words are the fields that need no escaping, as we make them.
var words = map[config.LogField]struct {
	value appender
	known func(e *Entry) bool // nil: always
}{
	config.LogClient: {appendClient, func(e *Entry) bool { return e.Client.IsValid() }},
	config.LogScheme: {func(dst []byte, e *Entry) []byte { return append(dst, e.Scheme...) }, nil},
	config.LogSource: {func(dst []byte, e *Entry) []byte { return append(dst, e.Source.String()...) }, nil},
	config.LogReason: {
		func(dst []byte, e *Entry) []byte { return append(dst, e.Reason.String()...) },
		func(e *Entry) bool { return e.Reason != NoReason },
	},
}

// texts are the fields that somebody else has said.
var texts = map[config.LogField]func(e *Entry) []byte{
	config.LogMethod:   func(e *Entry) []byte { return e.Method },
	config.LogTarget:   func(e *Entry) []byte { return e.Target },
	config.LogPath:     (*Entry).path,
	config.LogQuery:    func(e *Entry) []byte { _, query := e.pathAndQuery(); return query },
	config.LogProtocol: func(e *Entry) []byte { return e.Protocol },
	config.LogHost:     func(e *Entry) []byte { return e.Host },
	config.LogID:       func(e *Entry) []byte { return e.ID },
	config.LogTraceID:  func(e *Entry) []byte { return e.TraceID },
	config.LogFault:    (*Entry).fault,
}
