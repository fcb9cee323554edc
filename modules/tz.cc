// tz.cc - the module dcetl-tz.so: time zones by the library cctz, which reads the system's tz database. It takes the
// rule at the end of a zone's file for the years behind its table, shares zones between threads and never sets TZ.
#include <cctz/civil_time.h>
#include <cctz/time_zone.h>

#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <string>

#include <unistd.h>

extern "C" {
#include "value/zone_module.h"
}

namespace {

using Seconds = std::chrono::seconds;
using Time = cctz::time_point<Seconds>;

// Behind its last transition cctz works by periods of 400 years, where it lists no transitions.
constexpr int64_t kListed = 13569465600;  // 2400-01-01

Time TimeOf(int64_t seconds) { return Time(Seconds(seconds)); }
int64_t SecondsOf(Time time) { return time.time_since_epoch().count(); }
const cctz::time_zone& ZoneOf(const void* zone) { return *static_cast<const cctz::time_zone*>(zone); }

int64_t SecondsOf(const cctz::time_zone& zone, const cctz::time_zone::civil_transition& transition) {
  auto from = zone.lookup(transition.from);
  return SecondsOf((from.kind == cctz::time_zone::civil_lookup::SKIPPED ? from : zone.lookup(transition.to)).trans);
}

// cctz remembers every name that it did not find, so names that come from data are looked for first.
bool IsThere(const char* name) {
  const char* folder = getenv("TZDIR");
  std::string path = folder ? folder : "/usr/share/zoneinfo";
  return access(path.c_str(), R_OK) != 0 || access((path + "/" + name).c_str(), R_OK) == 0;
}

const void* Find(const char* name) {
  static std::mutex lock;
  static auto* zones = new std::map<std::string, cctz::time_zone>;  // lives to the end
  cctz::time_zone zone;
  if (!IsThere(name) || !cctz::load_time_zone(name, &zone)) return nullptr;
  std::lock_guard<std::mutex> guard(lock);
  return &zones->emplace(name, zone).first->second;
}

void Span(const void* handle, int64_t seconds, ZoneSpan* out) {
  const cctz::time_zone& zone = ZoneOf(handle);
  auto found = zone.lookup(TimeOf(seconds));
  cctz::time_zone::civil_transition transition;
  out->from = INT64_MIN;
  out->until = kListed;
  out->offset = found.offset;
  out->daylight = found.is_dst;
  strncpy(out->abbreviation, found.abbr, sizeof out->abbreviation - 1);
  out->abbreviation[sizeof out->abbreviation - 1] = 0;
  if (seconds >= kListed) {
    out->from = seconds;
    out->until = seconds + 1;
    return;
  }
  if (zone.prev_transition(TimeOf(seconds + 1), &transition)) out->from = SecondsOf(zone, transition);
  if (zone.next_transition(TimeOf(seconds), &transition)) {
    int64_t next = SecondsOf(zone, transition);
    if (next < kListed) out->until = next;
  }
}

int64_t FromLocal(const void* handle, int64_t local_seconds, int64_t* gap_end) {
  auto found = ZoneOf(handle).lookup(cctz::civil_second(1970, 1, 1) + local_seconds);
  bool gap = found.kind == cctz::time_zone::civil_lookup::SKIPPED;
  *gap_end = SecondsOf(gap ? found.trans : found.pre);
  return SecondsOf(found.pre);
}

}  // namespace

extern "C" {
extern __attribute__((visibility("default"))) const ZoneModule dcetl_zone_module;
const ZoneModule dcetl_zone_module = {ZONE_MODULE_VERSION, Find, Span, FromLocal};
}
