package limit

import (
	"net/http"
	"strconv"
	"time"

	"forebay/config"
)

// AppendFields appends the field lines that tell the client of an answer with that status where it stands:
// RateLimit-Policy and RateLimit (draft-ietf-httpapi-ratelimit-headers-11), and those that most clients read today. It
// must be called before Close.
func (t *Ticket) AppendFields(b []byte, status int) []byte {
	b = t.appendPolicies(b)
	b = t.appendLeft(b, status)
	return t.appendLegacy(b)
}

func (t *Ticket) appendPolicies(b []byte) []byte {
	line := list{name: "RateLimit-Policy"}
	for i := range t.holds {
		if h := &t.holds[i]; h.told() && h.rule.draft {
			b = append(line.next(b), h.rule.policy...)
		}
	}
	return line.end(b)
}

// appendLeft tells what is left. A refusal tells of those limits only that have nothing left: others have a longer window
// than Retry-After, which must not be earlier than its end. A redirection does not say that nothing is left: the client
// would wait before it follows it (section 6).
func (t *Ticket) appendLeft(b []byte, status int) []byte {
	line := list{name: "RateLimit"}
	redirects := status >= 300 && status < 400 && status != http.StatusNotModified
	for i := range t.holds {
		h := &t.holds[i]
		if !h.told() || !h.rule.draft || (t.refused() && !h.short) {
			continue
		}
		left, window := h.left()
		if left == 0 && redirects {
			continue
		}
		b = append(line.next(b), '"')
		b = append(b, h.rule.Name...)
		b = append(b, `";r=`...)
		b = strconv.AppendInt(b, left, 10)
		if window > 0 {
			b = append(b, ";t="...)
			b = strconv.AppendInt(b, seconds(window), 10)
		}
	}
	return line.end(b)
}

// appendLegacy tells of the limit of which least is left.
func (t *Ticket) appendLegacy(b []byte) []byte {
	var least *hold
	for i := range t.holds {
		h := &t.holds[i]
		if !h.told() || !h.rule.legacy {
			continue
		}
		if least != nil {
			left, _ := h.left()
			if before, _ := least.left(); before <= left {
				continue
			}
		}
		least = h
	}
	if least == nil {
		return b
	}
	left, window := least.left()
	b = append(b, "X-RateLimit-Limit: "...)
	b = strconv.AppendInt(b, least.size(), 10)
	b = append(b, "\r\nX-RateLimit-Remaining: "...)
	b = strconv.AppendInt(b, left, 10)
	b = append(b, "\r\nX-RateLimit-Reset: "...)
	b = strconv.AppendInt(b, seconds(window), 10)
	return append(b, "\r\n"...)
}

// list is a field line with a list in it, which is left out if the list is empty.
type list struct {
	name  string
	begun bool
}

func (l *list) next(b []byte) []byte {
	if l.begun {
		return append(b, ", "...)
	}
	l.begun = true
	b = append(b, l.name...)
	return append(b, ": "...)
}

func (l *list) end(b []byte) []byte {
	if l.begun {
		return append(b, "\r\n"...)
	}
	return b
}

// told says whether clients learn of the limit.
func (h *hold) told() bool {
	return !h.unknown && !h.rule.DryRun && h.rule.Headers != config.HeadersNone
}

func (h *hold) size() int64 {
	if h.rule.Concurrent > 0 {
		return int64(h.rule.Concurrent)
	}
	return h.rate.Size()
}

// left is how much is left, and for how long no more than that may be used: until all of it has come back, or, where
// nothing is left, until something has. It is 0 where nobody knows.
func (h *hold) left() (units int64, window time.Duration) {
	if h.rule.Concurrent > 0 {
		return max(0, int64(h.rule.Concurrent)-h.level), 0
	}
	if units = h.rate.Left(h.level); units == 0 {
		return 0, h.rate.Wait(h.level)
	}
	return units, h.rate.Drained(h.level)
}
