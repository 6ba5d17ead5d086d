//go:build !linux

package proxy

import (
	"io"
	"os"

	"forebay/proxy/reply"
)

// writeAhead sends what stands before a part of a file.
func (c *conn) writeAhead(p []byte) error { return c.write(p) }

// sendPages is sendFile.
func (c *conn) sendPages(file *os.File, intact func() bool, offset, count int64, sent *int64) error {
	return c.sendFile(file, intact, offset, count, sent)
}

// sendFile sends count bytes of a file from offset, and adds what was sent to *sent. A file that is shorter is an error, and
// so is one that is not intact any longer; intact may be nil.
func (c *conn) sendFile(file *os.File, intact func() bool, offset, count int64, sent *int64) error {
	b := pieces.Get().(*[pieceSize]byte)
	defer pieces.Put(b)
	for count > 0 {
		if intact != nil && !intact() {
			return reply.ErrChanged
		}
		n, err := file.ReadAt(b[:min(count, pieceSize)], offset)
		if n == 0 {
			if err == io.EOF {
				err = reply.ErrShort
			}
			return err
		}
		if err := c.write(b[:n]); err != nil {
			return err
		}
		offset, count, *sent = offset+int64(n), count-int64(n), *sent+int64(n)
	}
	return nil
}
