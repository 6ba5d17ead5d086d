package workers

import (
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"forebay/python"
)

func TestBatchFitsIntoThePipe(t *testing.T) {
	for name, size := range map[string]int{"a page": 4 << 10, "two pages": 8 << 10, "as usual": 64 << 10, "a wide one": 1 << 20} {
		t.Run(name, func(t *testing.T) {
			r, w, err := os.Pipe()
			require.NoError(t, err)
			t.Cleanup(func() { assert.NoError(t, r.Close()); assert.NoError(t, w.Close()) })
			raw, err := w.SyscallConn()
			require.NoError(t, err)
			require.NoError(t, raw.Control(func(fd uintptr) {
				_, err := unix.FcntlInt(fd, unix.F_SETPIPE_SZ, size)
				assert.NoError(t, err)
			}))
			s := newSlot(nil, 0, w, r, nil)
			assert.Equal(t, min(size, python.MaxBatch), s.BatchSize())
			require.NoError(t, w.SetWriteDeadline(time.Now().Add(deadline))) // nobody reads
			n, err := s.out.Write(make([]byte, s.BatchSize()))
			require.NoError(t, err)
			assert.Equal(t, s.BatchSize(), n)
		})
	}
}
