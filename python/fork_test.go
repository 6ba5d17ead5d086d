package python

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTemplateIsBootedAsAWorkerIs(t *testing.T) {
	boot := Boot{Spec: "shop:app", Hooks: "/srv/hooks.py", Environ: map[string]any{"SCRIPT_NAME": ""}}
	worker, ok := readControl(t, KindBoot, boot.Frame()).(map[string]any)
	require.True(t, ok)
	template, ok := readControl(t, KindBoot, boot.TemplateFrame()).(map[string]any)
	require.True(t, ok)
	assert.Equal(t, []any{false, true}, []any{worker["template"], template["template"]})
	worker["template"] = true
	assert.Equal(t, worker, template)
}

func TestForkFrameSaysWhatTheWorkerIsToBe(t *testing.T) {
	boot := Boot{Spec: "shop:app", Environ: map[string]any{}}.For(3, 1, 2)
	boot.Age = 9
	said, ok := readControl(t, KindFork, boot.ForkFrame(11)).(map[string]any)
	require.True(t, ok)
	assert.Equal(t, 11, said["descriptors"])
	assert.Equal(t, []any{Tuple{1, 2, 3}, Tuple{4, 5, 6}}, said["slots"])
	assert.Equal(t, 7, said["dump"])
	assert.Equal(t, 9, said["age"])
	assert.Equal(t, map[string]any{"forebay.worker": 3}, said["environ"])
}

func TestForked(t *testing.T) {
	for name, want := range map[string]Tuple{"a worker": {4243, ""}, "none": {0, "[Errno 11] no"}} {
		t.Run(name, func(t *testing.T) {
			pid, refusal, err := ParseForked(AppendValue(nil, want))
			require.NoError(t, err)
			assert.Equal(t, want, Tuple{pid, refusal})
		})
	}
	for name, v := range map[string]any{
		"no tuple": 1, "too short": Tuple{1}, "too long": Tuple{1, "", 2}, "a text": Tuple{"1", ""}, "no text": Tuple{1, nil},
		"a group": Tuple{-1, ""}, "nothing": nil,
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := ParseForked(AppendValue(nil, v))
			assert.ErrorIs(t, err, ErrMarshal)
		})
	}
	t.Run("no marshal", func(t *testing.T) {
		_, _, err := ParseForked([]byte("?"))
		assert.ErrorIs(t, err, ErrMarshal)
	})
}
