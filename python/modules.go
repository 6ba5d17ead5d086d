package python

import "fmt"

// ParseModules reads the payload of MODULES: paths as the file system has them, which need not be UTF-8.
func ParseModules(payload []byte) ([]string, error) {
	v, err := ReadValue(payload)
	if err != nil {
		return nil, err
	}
	list, ok := v.([]any)
	if !ok {
		return nil, fmt.Errorf("%w: MODULES is no list", ErrMarshal)
	}
	files := make([]string, len(list))
	for i, v := range list {
		file, ok := v.([]byte)
		if !ok {
			return nil, fmt.Errorf("%w: a path of MODULES is not bytes", ErrMarshal)
		}
		files[i] = string(file)
	}
	return files, nil
}
