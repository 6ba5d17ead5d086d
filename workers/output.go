package workers

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log/slog"
)

// LevelOutput is the level of the lines that an application writes to stdout and stderr. They are the application's own
// and pass whatever level is set for forebay's.
const LevelOutput = slog.LevelError + 4

// longestLine bounds a line of output, in bytes; a longer one is cut into several.
const longestLine = 16 << 10

// logLines logs every line of r until its end.
func logLines(r io.Reader, log *slog.Logger, stream string) {
	lines := bufio.NewReaderSize(r, longestLine)
	for {
		line, err := lines.ReadSlice('\n')
		if n := len(line); n > 0 && line[n-1] == '\n' {
			line = line[:n-1]
		}
		if len(line) > 0 {
			log.Log(context.Background(), LevelOutput, "output", "stream", stream, "line", string(line))
		}
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return
		}
	}
}
