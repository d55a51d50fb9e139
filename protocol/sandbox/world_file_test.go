package sandbox

import "testing"

func TestDefaultLoads(t *testing.T) {
	if w := Default(); w.Bot() != 10001 {
		t.Errorf("the bot is %d", w.Bot())
	}
}
