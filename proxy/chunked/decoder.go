// Package chunked reads the chunked transfer coding of a request body (RFC 9112, section 7.1) with the strictness that
// package head has for heads: framing that two servers could read in two ways is refused.
//
// A Decoder is pushed what has arrived and keeps nothing of it: a connection can be parked between any two bytes and
// costs two dozen bytes for the framing of its body. Chunk extensions and trailer fields are checked, bounded and dropped.
package chunked

import (
	"fmt"
	"net/http"

	"forebay/proxy/head"
)

// Bounds of what is not body. Nothing of it is stored, so it is time and not memory that they save, and nobody sends
// much of it: extensions are hardly ever sent, trailers are a checksum.
const (
	maxDigits        = 15      // of a chunk-size: 60 bits, so that no sum of a few of them wraps
	maxExtension     = 256     // bytes of one chunk's extensions
	maxExtensions    = 4 << 10 // bytes of all extensions of a message
	maxTrailer       = 8 << 10 // bytes of the trailer section
	maxTrailerFields = 32      // field lines in it
)

// The framing itself needs no bound of its own, and no least ratio to the body as net/http has it. Each chunk but the
// last brings a byte of body at least, so the limit of the body's size bounds the chunks, to 19 bytes of framing (15
// digits and two line ends) for each byte of body and the extensions. Clients that write a byte a chunk are slow, but
// honest: it is the least rate of body bytes that speaks about them.

// The rules that a message can break.
var (
	errSize           = malformed("a chunk does not begin with its size in hexadecimal digits")
	errSizeLong       = malformed("a chunk size of more than %d digits", maxDigits)
	errLineEnd        = malformed("a line of the chunked coding does not end with CR LF")
	errChunkEnd       = malformed("a chunk is not followed by CR LF: it is longer than its size")
	errExtension      = malformed("a chunk extension that is not well-formed")
	errExtensionLong  = malformed("chunk extensions of more than %d bytes", maxExtension)
	errExtensionsLong = malformed("chunk extensions of more than %d bytes in one message", maxExtensions)
	errFolded         = malformed("a folded field line in the trailer section (RFC 9112, section 5.2)")
	errTrailerName    = malformed("a field name in the trailer section that is no token")
	errTrailerValue   = malformed("a control byte in a field value of the trailer section")
	errTrailerField   = malformed("a field that belongs to the head stands in the trailer section (RFC 9110, section 6.5.1)")
	errTrailerMany    = tooLarge("more than %d field lines in the trailer section", maxTrailerFields)
	errTrailerLong    = tooLarge("a trailer section of more than %d bytes", maxTrailer)
	errRefused        = malformed("the chunked coding was refused before")
)

func malformed(format string, args ...any) error {
	return &head.Refusal{Status: http.StatusBadRequest, Reason: fmt.Sprintf(format, args...)}
}

func tooLarge(format string, args ...any) error {
	return &head.Refusal{Status: http.StatusRequestHeaderFieldsTooLarge, Reason: fmt.Sprintf(format, args...)}
}

// state says what the next byte is, or may be.
type state uint8

const (
	inSize state = iota
	inSizeEnd
	inData
	inDataEnd
	inDataEndLF

	inExtensionName
	inExtensionNameRest
	inExtensionValue
	inExtensionValueRest
	inQuoted
	inEscaped
	inQuotedEnd

	inTrailerLine
	inTrailerName
	inTrailerValue
	inTrailerLineEnd
	inEnd

	over
	refused
)

// Decoder reads one message in the chunked coding. The zero value is ready for its first byte, and setting it to the zero
// value makes it ready for another message. It is for one goroutine at a time, and never blocks or allocates.
type Decoder struct {
	left       uint64 // bytes of the chunk's data to come, or the size as far as it is read
	extensions uint16 // bytes of extensions in this message
	extension  uint16 // and in this chunk
	trailer    uint16 // bytes of the trailer section
	name       uint16 // bytes of the trailer field's name
	names      uint32 // the forbidden names, by bit, that it may still be
	digits     uint8  // of the chunk-size
	fields     uint8  // field lines of the trailer section
	state      state
}

// Next takes what has arrived and returns the next run of the body's bytes in it, which may be empty. consumed is how many
// bytes of in, from its start, are used up: that run and the framing around it. done says that the message has ended with
// them, trailer section included; what follows in in is not the message's. Until then less than all is consumed only
// where there is another run: call Next with the rest.
//
// data lies in in, and is the caller's as long as that is. An error is a *head.Refusal that the caller does not change;
// then the message's end is not known, consumed is where it went wrong, and each later call with bytes fails too.
func (d *Decoder) Next(in []byte) (data []byte, consumed int, done bool, err error) {
	for consumed < len(in) && d.state != over {
		if d.state != inData {
			if err := d.step(in[consumed]); err != nil {
				d.state = refused
				return nil, consumed, false, err
			}
			consumed++
			continue
		}
		if data != nil {
			return data, consumed, false, nil
		}
		end := consumed + int(min(uint64(len(in)-consumed), d.left))
		data = in[consumed:end:end]
		consumed = end
		if d.left -= uint64(len(data)); d.left == 0 {
			d.state = inDataEnd
		}
	}
	return data, consumed, d.state == over, nil
}

// Gather takes all of what has arrived, up to the end of the message, and moves the body's bytes in it together: data are
// the first bytes of in, which it overwrites, but never from consumed on. Who stores each run at a cost, as a file does,
// is so not to be made to store a byte at a time. Else it is as Next.
func (d *Decoder) Gather(in []byte) (data []byte, consumed int, done bool, err error) {
	gathered := 0
	for consumed < len(in) && d.state != over {
		run, n, _, err := d.Next(in[consumed:])
		if err != nil {
			return nil, consumed + n, false, err
		}
		gathered += copy(in[gathered:], run)
		consumed += n
	}
	return in[:gathered:gathered], consumed, d.state == over, nil
}

// Left returns how many bytes of the body are announced and still to come: those of the chunk that Next is in. A caller
// with a limit need not read a chunk that will not fit.
func (d *Decoder) Left() int64 {
	if d.state != inData {
		return 0
	}
	return int64(d.left)
}

// step takes one byte of framing.
func (d *Decoder) step(c byte) error {
	switch d.state {
	case inSize:
		return d.size(c)
	case inSizeEnd:
		return d.endSize(c)
	case inDataEnd:
		return d.expect(c, '\r', inDataEndLF)
	case inDataEndLF:
		return d.expect(c, '\n', inSize)
	case inExtensionName, inExtensionNameRest, inExtensionValue, inExtensionValueRest, inQuoted, inEscaped, inQuotedEnd:
		return d.inExtension(c)
	case inTrailerLine, inTrailerName, inTrailerValue, inTrailerLineEnd, inEnd:
		return d.inTrailer(c)
	case inData, over, refused:
	}
	return errRefused
}

// size takes a byte of the line before a chunk's data. chunk-size is 1*HEXDIG (RFC 9112, section 7.1): no sign, no 0x, no
// white space before or after.
func (d *Decoder) size(c byte) error {
	digit := hexDigit[c]
	switch {
	case digit > 0:
		if d.digits == maxDigits {
			return errSizeLong
		}
		d.left = d.left<<4 | uint64(digit-1) // zero before: the chunk before it has ended
		d.digits++
	case d.digits == 0:
		return errSize
	default:
		return d.endElement(c, errSize)
	}
	return nil
}

func (d *Decoder) endSize(c byte) error {
	if c != '\n' {
		return errLineEnd
	}
	d.digits, d.extension = 0, 0
	if d.state = inData; d.left == 0 {
		d.state = inTrailerLine
	}
	return nil
}

// expect takes a byte of the line end behind a chunk's data.
func (d *Decoder) expect(c, want byte, next state) error {
	if c != want {
		return errChunkEnd
	}
	d.state = next
	return nil
}

// endElement takes what may follow a size, or one of its extensions: another, or the end of the line. Anything else
// breaks the rule.
func (d *Decoder) endElement(c byte, rule error) error {
	switch c {
	case '\r':
		d.state = inSizeEnd
		return nil
	case ';':
		d.state = inExtensionName
		return d.countExtension()
	case '\n':
		return errLineEnd
	}
	return rule
}

// hexDigit holds a digit's value and one, and zero for what is no digit.
var hexDigit = func() (t [256]uint8) {
	for i, c := range []byte("0123456789abcdef") {
		t[c] = uint8(i + 1)
	}
	for i, c := range []byte("ABCDEF") {
		t[c] = uint8(i + 11)
	}
	return t
}()
