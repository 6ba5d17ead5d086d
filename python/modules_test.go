package python

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestGoldenModulesAreRead(t *testing.T) {
	files, err := ParseModules(readGolden(t, "modules").payload())
	require.NoError(t, err)
	assert.Equal(t, []string{"/srv/shop/shop.py", "/srv/shop/café.py", "/srv/\xff.py"}, files)
}

func TestModulesThatAreNone(t *testing.T) {
	for name, v := range map[string]any{"no list": "a.py", "text in the list": []any{"a.py"}, "nothing": nil} {
		t.Run(name, func(t *testing.T) {
			_, err := ParseModules(AppendValue(nil, v))
			assert.ErrorIs(t, err, ErrMarshal)
		})
	}
	_, err := ParseModules([]byte("["))
	assert.Error(t, err)
}

func TestBootAsksForModulesOnlyWhereTheyAreWanted(t *testing.T) {
	for _, wanted := range []bool{true, false} {
		boot := Boot{Spec: "shop", Modules: wanted, Environ: map[string]any{}}
		said, ok := readControl(t, KindBoot, boot.Frame()).(map[string]any)
		require.True(t, ok)
		assert.Equal(t, wanted, said["modules"] == true)
	}
}
