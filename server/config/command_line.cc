#include "server/config/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cstdlib>
#include <iterator>
#include <map>

#include "healthz/configuration_error.h"
#include "server/config/flags.h"

namespace canopy {
namespace {

using Raw = std::map<std::string_view, CLI::Option*>;

std::string variable_of(const Flag& flag) {
  std::string name = "CANOPYDNS_";
  for (const char c : flag.name) {
    name += c == '-' ? '_' : static_cast<char>(std::toupper(c));
  }
  return name;
}

// `where` is "--ttl" or "environment variable CANOPYDNS_TTL", for error texts.
void set_flag(const Flag& flag, const std::string& where,
              const std::string& value, Settings& settings) {
  try {
    if (value.empty())
      throw ConfigurationError("is empty; give a value or leave it out");
    flag.set(settings, value);
  } catch (const ConfigurationError& error) {
    throw ConfigurationError(where + ": \"" + value + "\" " + error.what());
  }
}

// True for values that Kubernetes sets.  For a Service called "name" it sets
// NAME_PORT=tcp://..., so a Service called "canopydns-dns" sets
// CANOPYDNS_DNS_PORT.
bool is_service_link(const std::string& value) {
  return value.starts_with("tcp://") || value.starts_with("udp://");
}

void set_from_environment(const Flag& flag, const Environment& environment,
                          Settings& settings) {
  const std::string variable = variable_of(flag);
  const auto value = environment(variable);
  if (!value || value->empty() || is_service_link(*value)) return;
  set_flag(flag, "environment variable " + variable, *value, settings);
}

CLI::Option* add_option(CLI::App& app, const std::string& names) {
  return app.add_option(names, [](const CLI::results_t&) { return true; })
      ->expected(1)
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

CLI::Option* add_flag(CLI::App& app, const Flag& flag) {
  std::string names = "--" + std::string(flag.name);
  if (flag.name.size() == 1) names += ",-" + std::string(flag.name);
  if (!flag.alias.empty()) names += ",--" + std::string(flag.alias);
  if (flag.placeholder.empty()) return app.add_flag(names);
  return add_option(app, names);
}

CLI::Option* add_flag(CLI::App& app, const KubeDnsFlag& flag) {
  const std::string name = "--" + std::string(flag.name);
  return flag.has_value ? add_option(app, name) : app.add_flag(name);
}

std::string without_value(const std::string& argument) {
  return argument.substr(0, argument.find('='));
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j < row.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = diagonal + (a[i - 1] != b[j - 1]);
      diagonal =
          std::exchange(row[j], std::min({row[j] + 1, row[j - 1] + 1, change}));
    }
  }
  return row.back();
}

// Returns the flag most similar to `argument`; empty when none is close.
std::string likely_flag(const std::string& argument) {
  constexpr std::size_t kShortest = 5;  // "-x" is similar to each flag
  if (argument.size() < kShortest) return {};
  std::string best;
  std::size_t least = 3;
  for (const Flag& flag : flags()) {
    const std::string name = "--" + std::string(flag.name);
    const std::size_t distance = edit_distance(argument, name);
    if (distance < least) {
      least = distance;
      best = name;
    }
  }
  return best;
}

[[noreturn]] void refuse_unknown(const std::string& argument) {
  const std::string name = without_value(argument);
  if (!name.starts_with('-')) {
    throw ConfigurationError(
        "unknown argument \"" + name +
        "\": flags start with --, and boolean flags take their "
        "value as --flag=false");
  }
  const std::string near = likely_flag(name);
  throw ConfigurationError(
      "unknown flag " + name + ": " +
      (near.empty() ? "see canopydns --help" : "did you mean " + near + "?"));
}

Command command_value(const std::string& text) {
  if (text.empty() || text == "serve") return Command::kServe;
  if (text == "check") return Command::kCheck;
  if (text == "version") return Command::kVersion;
  if (text == "help") return Command::kHelp;
  throw ConfigurationError(
      "unknown command \"" + text +
      "\": use serve, check or version; boolean flags take their "
      "value as --flag=false");
}

// CLI11 would take the next argument as the value of a bare "--name=".
void refuse_empty_values(const std::vector<std::string>& arguments) {
  for (const std::string& argument : arguments) {
    if (argument.starts_with("--") && argument.size() > 3 &&
        argument.find('=') == argument.size() - 1) {
      throw ConfigurationError(
          without_value(argument) +
          ": the value is empty; give one or leave the flag out");
    }
  }
}

// Accepts one dash, as Go does and as kube-dns's manifests use.
void write_with_two_dashes(std::vector<std::string>& arguments) {
  for (std::string& argument : arguments) {
    if (argument.size() > 2 && argument[0] == '-' && argument[1] != '-') {
      argument.insert(0, 1, '-');
    }
  }
}

void parse_arguments(CLI::App& app, std::vector<std::string> arguments) {
  write_with_two_dashes(arguments);
  refuse_empty_values(arguments);
  std::reverse(arguments.begin(), arguments.end());
  try {
    app.parse(std::move(arguments));
  } catch (const CLI::ArgumentMismatch& error) {
    const std::string text = error.what();
    throw ConfigurationError(
        text.substr(0, text.find(':')) +
        ": the value is missing; write it after a space or =");
  } catch (const CLI::ParseError& error) {
    throw ConfigurationError(std::string(error.what()) +
                             "; see canopydns --help");
  }
  const std::vector<std::string> unknown = app.remaining();
  if (!unknown.empty()) refuse_unknown(unknown.front());
}

}  // namespace

Settings parse_command_line(const std::vector<std::string>& arguments,
                            const Environment& environment) {
  Settings settings;
  CLI::App app;
  app.allow_extras();
  app.set_help_flag();
  CLI::Option* const help = app.add_flag("-h,--help");
  CLI::Option* const version = app.add_flag("--version");
  std::string command;
  app.add_option("command", command);
  std::vector<CLI::Option*> parsed;
  for (const Flag& flag : flags()) parsed.push_back(add_flag(app, flag));
  std::vector<CLI::Option*> ignored;
  for (const KubeDnsFlag& flag : kube_dns_flags()) {
    ignored.push_back(add_flag(app, flag));
  }
  parse_arguments(app, arguments);

  settings.command = command_value(command);
  if (version->count() > 0) settings.command = Command::kVersion;
  if (help->count() > 0) settings.command = Command::kHelp;
  for (std::size_t i = 0; i < parsed.size(); ++i) {
    const Flag& flag = flags()[i];
    if (parsed[i]->count() == 0) {
      set_from_environment(flag, environment, settings);
      continue;
    }
    // The last value of a repeated flag counts, as in Go.
    const CLI::results_t values = parsed[i]->results();
    const auto first =
        flag.repeatable ? values.begin() : std::prev(values.end());
    for (auto value = first; value != values.end(); ++value) {
      set_flag(flag, "--" + std::string(flag.name), *value, settings);
    }
  }
  for (std::size_t i = 0; i < ignored.size(); ++i) {
    if (ignored[i]->count() == 0) continue;
    const KubeDnsFlag& flag = kube_dns_flags()[i];
    settings.remarks.push_back("--" + std::string(flag.name) +
                               " is ignored: " + std::string(flag.why));
  }
  complete(settings);
  return settings;
}

}  // namespace canopy
