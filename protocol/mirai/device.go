package mirai

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"strings"

	"github.com/goccy/go-json"
)

// device is device.json, the made-up phone that logs in, in go-cqhttp's format (MiraiGo client/internal/auth/device.go).
type device struct {
	Display      string    `json:"display"`
	Product      string    `json:"product"`
	Device       string    `json:"device"`
	Board        string    `json:"board"`
	Model        string    `json:"model"`
	FingerPrint  string    `json:"finger_print"`
	BootID       string    `json:"boot_id"`
	ProcVersion  string    `json:"proc_version"`
	Protocol     int       `json:"protocol"`
	IMEI         string    `json:"imei"`
	Brand        string    `json:"brand"`
	Bootloader   string    `json:"bootloader"`
	BaseBand     string    `json:"base_band"`
	Version      osVersion `json:"version"`
	SIMInfo      string    `json:"sim_info"`
	OSType       string    `json:"os_type"`
	MACAddress   string    `json:"mac_address"`
	IPAddress    []int32   `json:"ip_address"`
	WifiBSSID    string    `json:"wifi_bssid"`
	WifiSSID     string    `json:"wifi_ssid"`
	IMSIMD5      string    `json:"imsi_md5"`
	AndroidID    string    `json:"android_id"`
	APN          string    `json:"apn"`
	VendorName   string    `json:"vendor_name"`
	VendorOSName string    `json:"vendor_os_name"`
}

type osVersion struct {
	Incremental string `json:"incremental"`
	Release     string `json:"release"`
	Codename    string `json:"codename"`
	SDK         uint32 `json:"sdk"`
}

// newDevice makes up a phone. What identifies it is random, the rest is an ordinary Android 10 tablet.
func newDevice() device {
	build := digits(6)
	mac := "02:" + hexPairs(5) // locally administered
	return device{
		Display: "QKQ1." + build + ".002", Product: "elish", Device: "elish", Board: "elish", Model: "M2105K81AC",
		FingerPrint: "Xiaomi/elish/elish:10/QKQ1." + build + ".002/" + digits(7) + ":user/release-keys",
		BootID:      uuid(), ProcVersion: "Linux version 4.19.81-" + randomHex(4) + " (builder@xiaomi.eu)",
		Protocol: defaultProtocol, IMEI: imei(), Brand: "Xiaomi", Bootloader: "unknown", BaseBand: "",
		Version: osVersion{Incremental: digits(7), Release: "10", Codename: "REL", SDK: 29},
		SIMInfo: "T-Mobile", OSType: "android", MACAddress: mac, IPAddress: []int32{10, 0, 1, 3},
		WifiBSSID: mac, WifiSSID: "<unknown ssid>", IMSIMD5: randomHex(16), AndroidID: randomHex(8),
		APN: "wifi", VendorName: "MIUI", VendorOSName: "elish",
	}
}

// defaultProtocol is Android pad, which MiraiGo assumes, too.
const defaultProtocol = 6

// readDevice reads device.json; without the file it makes a device up, which is not stored yet.
func readDevice(dir string) (device, error) {
	path := filepath.Join(dir, deviceFile)
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return newDevice(), nil
	}
	if err != nil {
		return device{}, fmt.Errorf("read device: %w", err)
	}
	var d device
	if err := json.Unmarshal(b, &d); err != nil {
		return d, fmt.Errorf("read %s: %w", path, err)
	}
	if d.IMEI == "" || d.Display == "" && d.AndroidID == "" {
		return d, fmt.Errorf("read %s: imei and android_id are needed", path)
	}
	if d.Protocol < 1 || d.Protocol > 6 {
		d.Protocol = defaultProtocol // go-cqhttp writes -1 and 0 in old files and means this
	}
	if len(d.IPAddress) != 4 {
		return d, fmt.Errorf("read %s: ip_address must have four numbers", path)
	}
	if imsi, err := hex.DecodeString(d.IMSIMD5); err != nil || len(imsi) != 16 {
		return d, fmt.Errorf("read %s: imsi_md5 must be 32 hexadecimal digits", path)
	}
	return d, nil
}

// loadDevice is readDevice, but stores what it made up: a login from another phone each day looks like a thief's.
func loadDevice(dir string) (device, error) {
	d, err := readDevice(dir)
	if err != nil {
		return d, err
	}
	path := filepath.Join(dir, deviceFile)
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return d, nil
	}
	b, err := json.MarshalIndent(d, "", "\t")
	if err != nil {
		return d, fmt.Errorf("encode device: %w", err)
	}
	return d, writeFile(path, append(b, '\n'))
}

func randomBytes(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails: crypto/rand ends the process instead
	return b
}

func randomHex(n int) string { return hex.EncodeToString(randomBytes(n)) }

func hexPairs(n int) string {
	pairs := make([]string, n)
	for i := range pairs {
		pairs[i] = strings.ToUpper(randomHex(1))
	}
	return strings.Join(pairs, ":")
}

func digits(n int) string {
	limit := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil)
	v, _ := rand.Int(rand.Reader, limit) // fails no more than Read
	return fmt.Sprintf("%0*d", n, v)
}

func uuid() string {
	b := randomBytes(16)
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// imei makes up a number of 15 digits, the last of which is the Luhn check digit.
func imei() string {
	s := digits(14)
	sum := 0
	for i, c := range s {
		n := int(c - '0')
		if i%2 == 1 {
			n = n*2/10 + n*2%10
		}
		sum += n
	}
	return fmt.Sprintf("%s%d", s, (10-sum%10)%10)
}
