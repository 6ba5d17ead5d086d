package access

import (
	"strconv"
	"time"

	"forebay/config"
)

// jsonStyle writes one object a line. What is unknown is left out; times are in seconds.
type jsonStyle struct{ dates *isoDate }

func (j *jsonStyle) appendMissed(dst []byte, missed int) []byte { return appendMissedJSON(dst, missed) }

func (j *jsonStyle) appendEntry(dst []byte, e *Entry) []byte {
	dst = append(dst, `{"time":"`...)
	dst = append(j.dates.append(dst, e.Time), '"')
	dst = appendMember(dst, `,"request_id":"`, e.ID)
	dst = appendMember(dst, `,"trace_id":"`, e.TraceID)
	if e.Client.IsValid() {
		dst = append(dst, `,"client":"`...)
		dst = append(e.Client.WithZone("").AppendTo(dst), '"')
	}
	path, query := e.pathAndQuery()
	dst = appendMember(dst, `,"method":"`, e.Method)
	dst = appendMember(dst, `,"host":"`, e.Host)
	dst = appendMember(dst, `,"path":"`, path)
	dst = appendMember(dst, `,"query":"`, query)
	dst = appendMember(dst, `,"protocol":"`, e.Protocol)
	dst = appendCount(dst, `,"status":`, int64(e.Status))
	dst = appendCount(dst, `,"received":`, e.Received)
	dst = appendCount(dst, `,"sent":`, e.Bytes)
	dst = j.appendTimes(dst, e)
	dst = append(dst, `,"source":"`...)
	dst = append(append(dst, e.Source.String()...), '"')
	dst = appendMember(dst, `,"referer":"`, e.Field("referer"))
	dst = appendMember(dst, `,"user_agent":"`, e.Field("user-agent"))
	if e.Reason != NoReason {
		dst = append(append(append(dst, `,"reason":"`...), e.Reason.String()...), '"')
	}
	dst = appendMember(dst, `,"fault":"`, e.fault())
	return append(dst, "}\n"...)
}

// appendTimes appends the times of e, and who ran it.
func (j *jsonStyle) appendTimes(dst []byte, e *Entry) []byte {
	if e.Before > 0 {
		dst = appendSeconds(dst, `,"before":`, e.Before)
	}
	dst = appendSeconds(dst, `,"duration":`, e.Total)
	dst = appendSeconds(dst, `,"read":`, e.Read)
	if e.Delayed > 0 {
		dst = appendSeconds(dst, `,"delayed":`, e.Delayed)
	}
	if e.queued() {
		dst = appendSeconds(dst, `,"queue":`, e.Queue)
	}
	if e.ran() {
		dst = appendSeconds(dst, `,"application":`, e.Application)
	}
	dst = appendSeconds(dst, `,"send":`, e.Send())
	if e.ran() {
		dst = appendCount(dst, `,"worker":`, int64(e.Worker))
		dst = appendCount(dst, `,"thread":`, int64(e.Thread))
		dst = appendCount(dst, `,"tries":`, int64(e.Tries))
	}
	return dst
}

// appendMember appends a text whose key, with all up to the opening quote, is given; nothing if it is empty.
func appendMember(dst []byte, key string, value []byte) []byte {
	if len(value) == 0 {
		return dst
	}
	return append(appendJSON(append(dst, key...), value), '"')
}

func appendCount(dst []byte, key string, n int64) []byte {
	return strconv.AppendInt(append(dst, key...), n, 10)
}

func appendSeconds(dst []byte, key string, d time.Duration) []byte {
	return appendDuration(append(dst, key...), d, config.Decimal)
}
