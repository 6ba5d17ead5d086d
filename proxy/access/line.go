package access

import (
	"strconv"
	"time"
)

// fieldMax is how many bytes of a value of the client's stand in a line; the rest is left out. It bounds a line, and
// with it what one request can make us write: an escaped byte takes four.
const fieldMax = 8 << 10

// lineMax is more than any line needs: six values of the client's, and what is ours.
const lineMax = 6*4*fieldMax + 256

// appendLine appends the line of e: NCSA's combined format as Apache and nginx write it, then the time it took and the
// request's id.
//
//	192.0.2.1 - - [01/Mar/2026:12:00:00 +0000] "GET /x HTTP/1.1" 200 123 "http://referer/" "agent" 1.234ms id
//
// What nobody knows is a dash. The second and third field are identd's and the login's, which are nobody's today.
func appendLine(dst []byte, e *Entry, dates *dateCache) []byte {
	if e.Client.IsValid() {
		dst = e.Client.WithZone("").AppendTo(dst)
	} else {
		dst = append(dst, '-')
	}
	dst = append(dst, " - - ["...)
	dst = dates.append(dst, e.Time)
	dst = append(dst, `] "`...)
	dst = appendRequest(dst, e)
	dst = append(dst, `" `...)
	dst = strconv.AppendInt(dst, int64(e.Status), 10)
	dst = append(dst, ' ')
	dst = strconv.AppendInt(dst, e.Bytes, 10)
	dst = append(dst, ` "`...)
	dst = appendEscaped(dst, e.Referer, &plainText)
	dst = append(dst, `" "`...)
	dst = appendEscaped(dst, e.UserAgent, &plainText)
	dst = append(dst, `" `...)
	dst = appendMilliseconds(dst, e.Total)
	dst = append(dst, ' ')
	dst = appendEscaped(dst, e.ID, &plainWord)
	return append(dst, '\n')
}

// appendRequest appends the request line: three words, whatever the client sent, or one dash.
func appendRequest(dst []byte, e *Entry) []byte {
	if len(e.Method)+len(e.Target)+len(e.Protocol) == 0 {
		return append(dst, '-')
	}
	dst = appendEscaped(dst, e.Method, &plainWord)
	dst = append(dst, ' ')
	dst = appendEscaped(dst, e.Target, &plainWord)
	dst = append(dst, ' ')
	return appendEscaped(dst, e.Protocol, &plainWord)
}

// appendMilliseconds appends d as milliseconds with three places, cut off and not rounded.
func appendMilliseconds(dst []byte, d time.Duration) []byte {
	us := max(d.Microseconds(), 0)
	dst = strconv.AppendInt(dst, us/1000, 10)
	us %= 1000
	return append(dst, '.', '0'+byte(us/100), '0'+byte(us/10%10), '0'+byte(us%10), 'm', 's')
}

// appendEscaped appends a value of the client's, with every byte that is not plain as \xHH. A quote, a line end or a
// terminal's escape sequence so never gets into the log, and the value can be had back from it.
func appendEscaped(dst, value []byte, plain *[256]bool) []byte {
	if len(value) == 0 {
		return append(dst, '-')
	}
	value = value[:min(len(value), fieldMax)]
	start := 0
	for i, b := range value {
		if plain[b] {
			continue
		}
		dst = append(dst, value[start:i]...)
		dst = append(dst, '\\', 'x', hexDigits[b>>4], hexDigits[b&15])
		start = i + 1
	}
	return append(dst, value[start:]...)
}

const hexDigits = "0123456789ABCDEF"

// plainWord are the bytes that stand for themselves in a word: visible ASCII without quote and backslash. plainText are
// those, and space.
var plainWord, plainText = func() (word, text [256]bool) {
	for b := byte('!'); b <= '~'; b++ {
		word[b] = b != '"' && b != '\\'
	}
	text = word
	text[' '] = true
	return word, text
}()
