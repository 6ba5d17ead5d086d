package access

import (
	"strconv"
	"time"

	"forebay/config"
)

// A style is what lines look like. It belongs to one Log, which calls appendEntry under its lock.
type style interface {
	// appendEntry appends the line of e, with its end. It keeps nothing of e.
	appendEntry(dst []byte, e *Entry) []byte
	// appendMissed appends the line that tells how many lines there are not. It may be called beside appendEntry.
	appendMissed(dst []byte, missed int) []byte
}

// newStyle makes the style of a format; see config.Log. stdout says that lines go there.
func newStyle(format string, to Stdout, stdout bool) (style, error) {
	terminal := stdout && to.Terminal
	switch {
	case format == config.FormatPretty, format == config.FormatAuto && terminal:
		return newPretty(terminal && to.Color), nil
	case format == config.FormatJSON, format == config.FormatAuto:
		return &jsonStyle{dates: newISODate()}, nil
	}
	parsed, err := config.ParseLogFormat(format)
	if err != nil {
		return nil, err
	}
	return compile(parsed), nil
}

// appendMissedText is appendMissed for lines of text. It begins as no entry does.
func appendMissedText(dst []byte, missed int) []byte {
	dst = append(dst, "# "...)
	dst = strconv.AppendInt(dst, int64(missed), 10)
	return append(dst, " lines dropped: the log could not be written\n"...)
}

// appendMissedJSON is the same for objects.
func appendMissedJSON(dst []byte, missed int) []byte {
	dst = append(dst, `{"time":"`...)
	dst = time.Now().AppendFormat(dst, "2006-01-02T15:04:05.000000Z07:00")
	dst = append(dst, `","lines_dropped":`...)
	dst = strconv.AppendInt(dst, int64(missed), 10)
	return append(dst, "}\n"...)
}
