package static

import (
	"io"
	"io/fs"

	"forebay/proxy/rooted"
)

// Dir opens a directory of the machine as a file system that nothing leads out of. Close the closer after the last
// request; files that are open then stay so.
func Dir(path string) (fs.FS, io.Closer, error) {
	root, err := rooted.Open(path)
	if err != nil {
		return nil, nil, err
	}
	return root, root, nil
}
