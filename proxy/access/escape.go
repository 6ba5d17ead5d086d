package access

import (
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// fieldMax is how many bytes of a value of the client's stand in a line; the rest is left out. With the number of values
// in a format it bounds a line, and with it what one request can make us write: an escaped byte takes up to six.
const fieldMax = 8 << 10

// An escaper appends a value of the client's so that it cannot be taken for anything else, and ends neither the line nor a
// pair of quotes.
type escaper func(dst, value []byte) []byte

// appendWord writes every byte that is not visible ASCII as \xHH: it is one word. A quote, a line end or a terminal's
// escape sequence so never gets into the log, and the value can be had back from it.
func appendWord(dst, value []byte) []byte { return appendEscaped(dst, value, &plainWord) }

// appendText is appendWord for what stands between quotes, where spaces may stay.
func appendText(dst, value []byte) []byte { return appendEscaped(dst, value, &plainText) }

func appendEscaped(dst, value []byte, plain *[256]bool) []byte {
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

// appendJSON writes a value as it stands between the quotes of a JSON string (RFC 8259, section 7). Bytes that are not
// UTF-8 become U+FFFD.
func appendJSON(dst, value []byte) []byte {
	value = value[:min(len(value), fieldMax)]
	start := 0
	for i := 0; i < len(value); {
		b := value[i]
		if plainText[b] {
			i++
			continue
		}
		dst = append(dst, value[start:i]...)
		if b < utf8.RuneSelf {
			dst = appendJSONByte(dst, b)
			i++
		} else {
			r, size := utf8.DecodeRune(value[i:])
			dst = appendJSONRune(dst, r)
			i += size
		}
		start = i
	}
	return append(dst, value[start:]...)
}

// appendJSONByte appends a byte of ASCII that cannot stand for itself.
func appendJSONByte(dst []byte, b byte) []byte {
	switch b {
	case '"', '\\':
		return append(dst, '\\', b)
	case '\n':
		return append(dst, `\n`...)
	case '\r':
		return append(dst, `\r`...)
	case '\t':
		return append(dst, `\t`...)
	}
	return appendJSONUnit(dst, uint16(b))
}

// appendJSONRune appends a letter beyond ASCII. What cannot be seen is escaped, as JSON lets everything be: terminals,
// viewers and JavaScript take some of it for a command, for the end of a line, or for the order to show all that follows
// from right to left.
func appendJSONRune(dst []byte, r rune) []byte {
	if unicode.IsGraphic(r) {
		return utf8.AppendRune(dst, r)
	}
	for _, unit := range utf16.AppendRune(nil, r) {
		dst = appendJSONUnit(dst, unit)
	}
	return dst
}

// appendJSONUnit appends a letter, or half of one (RFC 8259, section 7), by its number.
func appendJSONUnit(dst []byte, unit uint16) []byte {
	return append(dst, '\\', 'u', hexDigits[unit>>12], hexDigits[unit>>8&15], hexDigits[unit>>4&15], hexDigits[unit&15])
}
