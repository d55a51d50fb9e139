package settings

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

type Named struct {
	Name string `mapstructure:"name"`
}

type pet struct {
	Named `mapstructure:",squash"`
	Legs  int           `mapstructure:"legs"`
	Nap   time.Duration `mapstructure:"nap"`
	Likes []string      `mapstructure:"likes"`
}

type house struct {
	Street string `mapstructure:"street"`
	Door   struct {
		Open bool `mapstructure:"open"`
	} `mapstructure:"door"`
	Pets []pet             `mapstructure:"pets"`
	Tags map[string]string `mapstructure:"tags"`
}

func load(t *testing.T, text string, environ ...string) (house, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "house.yml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	h := house{Street: "default street"}
	return h, Source{Path: path, EnvPrefix: "HOUSE", Environ: environ}.Load(&h, pet{Legs: 4, Nap: time.Hour})
}

func TestLoad(t *testing.T) {
	got, err := load(t, "door: {open: true}\npets: [{name: cat}, {name: hen, legs: 2}]\ntags: {x.y: z}",
		"PATH=/", "HOUSE_PETS_1_NAP=90s", "HOUSE_PETS_0_NAME=007", "HOUSE_PETS_0_LIKES=[milk, sun]", "HOUSE_DOOR_OPEN=false")
	if err != nil {
		t.Fatal(err)
	}
	want := house{Street: "default street", Tags: map[string]string{"x.y": "z"}, Pets: []pet{
		{Named: Named{"007"}, Legs: 4, Nap: time.Hour, Likes: []string{"milk", "sun"}}, {Named: Named{"hen"}, Legs: 2, Nap: 90 * time.Second},
	}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
}

func TestLoadNamesWhatIsWrong(t *testing.T) {
	for _, c := range []struct {
		text    string
		environ string
		want    string
	}{
		{"street: 5", "", "street"},
		{"roof: red", "", "roof"},
		{"Street: x", "", "Street"},
		{"door: {OPEN: true}", "", "door.OPEN"},
		{"street: x\nstreet: y", "", "street"},
		{"door::open: true", "", "door::open"},
		{"pets: [{legs: 1.5}]", "", "legs"},
		{"pets: [{legs: 99999999999999999999}]", "", "legs"},
		{"pets: [{nap: 5000000000.9}]", "", "nap"},
		{"door: open", "", "door"},
		{"pets: [{legs: four}]", "", "legs"},
		{"pets: [{wings: 2}]", "", "wings"},
		{"pets: {name: cat}", "", "pets"},
		{"street: [", "", "house.yml"},
		{"", "HOUSE_ROOF=red", "HOUSE_ROOF"},
		{"", "HOUSE_PETS_1_NAME=x", "HOUSE_PETS_1_NAME"}, // there is no pet 0
		{"", "HOUSE_PETS_0_WINGS=2", "HOUSE_PETS_0_WINGS"},
		{"", "HOUSE_DOOR_OPEN=[", "HOUSE_DOOR_OPEN"},
		{"", "HOUSE_DOOR_OPEN=ajar", "open"},
	} {
		if got, err := load(t, c.text, c.environ); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q with %q: %+v, error %v does not name %q", c.text, c.environ, got, err, c.want)
		}
	}
}

func TestListsGrowFromTheEnvironment(t *testing.T) {
	got, err := load(t, "pets: [{name: cat}]", "HOUSE_PETS_1_NAME=hen", "HOUSE_PETS_2_LEGS=0", "HOUSE_PORT=tcp://10.0.0.1:80", "HOUSE_SERVICE_HOST=10.0.0.1")
	if err != nil || len(got.Pets) != 3 || got.Pets[1].Name != "hen" || got.Pets[1].Legs != 4 || got.Pets[2].Legs != 0 {
		t.Errorf("%+v, %v", got.Pets, err)
	}
}

func FuzzLoad(f *testing.F) {
	f.Add("pets: [{name: cat}]", "HOUSE_PETS_0_LEGS=3")
	f.Add("door: {open: true}", "HOUSE_TAGS={a: b}")
	f.Fuzz(func(t *testing.T, text, environ string) {
		// Whatever comes is read or refused.
		if h, err := load(t, text, environ); err == nil && h.Street == "" && !strings.Contains(text+environ, "street") && !strings.Contains(environ, "STREET") {
			t.Errorf("the default is gone: %+v", h)
		}
	})
}
