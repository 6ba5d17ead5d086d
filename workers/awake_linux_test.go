package workers

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestWhatTheKernelCounts(t *testing.T) {
	cases := map[string]struct {
		text  string
		known bool
	}{
		"a thread that has run":        {text: "3000 200 7\n", known: true},
		"a kernel that counts nothing": {text: "0 0 0\n"},
		"nothing":                      {},
		"half of it":                   {text: "3000"},
		"something else":               {text: "3000 x 7\n"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "schedstat")
			require.NoError(t, os.WriteFile(path, []byte(c.text), 0o600))
			file, err := os.Open(path)
			require.NoError(t, err)
			defer file.Close()
			ran, delayed, known := readMeter(file)
			require.Equal(t, c.known, known)
			if known {
				assert.EqualValues(t, 3000, ran)
				assert.EqualValues(t, 200, delayed)
			}
		})
	}
}

func TestAThreadThatIsNotThereHasNoMeter(t *testing.T) {
	assert.Nil(t, openMeter(os.Getpid(), 1<<30))
	var s Slot
	_, _, known := s.Awake()
	assert.False(t, known)
}
