#include "server/config/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cstdlib>
#include <iterator>
#include <map>

#include "healthz/configuration_error.h"
#include "server/config/corefile.h"
#include "server/config/flags.h"
#include "server/config/similar_words.h"
#include "server/config/text_values.h"

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

// Returns the place of the value, for error texts; empty: it is not set.
std::string set_from_environment(const Flag& flag,
                                 const Environment& environment,
                                 Settings& settings) {
  const std::string variable = variable_of(flag);
  const auto value = environment(variable);
  if (!value || value->empty() || is_service_link(*value)) return {};
  std::string where = "environment variable " + variable;
  set_flag(flag, where, *value, settings);
  return where;
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
  if (!flag.alias.empty()) {
    for (const std::string& alias : list_items(flag.alias)) {
      names += ",--" + alias;
      if (alias.size() == 1) names += ",-" + alias;
    }
  }
  if (flag.placeholder.empty()) return app.add_flag(names);
  return add_option(app, names);
}

CLI::Option* add_flag(CLI::App& app, const IgnoredFlag& flag) {
  const std::string name = "--" + std::string(flag.name);
  return flag.has_value ? add_option(app, name) : app.add_flag(name);
}

std::string without_value(const std::string& argument) {
  return argument.substr(0, argument.find('='));
}

// Returns the flag most similar to `argument`; empty when none is close.
std::string likely_flag(const std::string& argument) {
  std::vector<std::string_view> known;
  known.reserve(flags().size());
  for (const Flag& flag : flags()) known.push_back(flag.name);
  const auto first = std::min(argument.find_first_not_of('-'), argument.size());
  const std::string near =
      most_similar(std::string_view(argument).substr(first), known);
  return near.empty() ? near : "--" + near;
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

// Returns the place of the value, for error texts; empty: it is not set.
std::string set_from_arguments(const Flag& flag, const CLI::Option& option,
                               Settings& settings) {
  if (option.count() == 0) return {};
  std::string where = "--" + std::string(flag.name);
  // The last value of a repeated flag counts, as in Go.
  const CLI::results_t& values = option.results();
  const auto first = flag.repeatable ? values.begin() : std::prev(values.end());
  for (auto value = first; value != values.end(); ++value) {
    set_flag(flag, where, *value, settings);
  }
  return where;
}

void set_flags(const std::vector<CLI::Option*>& options,
               const Environment& environment, Settings& settings) {
  std::string replaced;  // the first error, if there is a Corefile
  for (std::size_t i = 0; i < options.size(); ++i) {
    const Flag& flag = flags()[i];
    std::string where = set_from_arguments(flag, *options[i], settings);
    if (where.empty()) {
      where = set_from_environment(flag, environment, settings);
    }
    const std::string_view instead = corefile_counterpart(flag.name);
    if (where.empty() || instead.empty() || !replaced.empty()) continue;
    replaced = where + " cannot be combined with -conf: ";
    replaced += instead;
  }
  if (!settings.corefile.empty() && !replaced.empty()) {
    throw ConfigurationError(replaced);
  }
}

void remark_on_ignored(const std::vector<CLI::Option*>& options,
                       Settings& settings) {
  for (std::size_t i = 0; i < options.size(); ++i) {
    if (options[i]->count() == 0) continue;
    const IgnoredFlag& flag = ignored_flags()[i];
    settings.remarks.push_back("--" + std::string(flag.name) +
                               " is ignored: " + std::string(flag.why));
  }
}

// `check` prints all faults.  Otherwise the process ends with one line.
Settings with_corefile(const Settings& flags, const Environment& environment) {
  CorefileSettings read = read_corefile(flags, environment);
  read.settings.faults = std::move(read.faults);
  const std::vector<std::string>& faults = read.settings.faults;
  if (faults.empty() || flags.command == Command::kCheck) return read.settings;
  if (faults.size() == 1) throw ConfigurationError(faults[0]);
  throw ConfigurationError(
      faults[0] + " (and " + std::to_string(faults.size() - 1) +
      " more; `canopydns check -conf " + flags.corefile + "` lists all)");
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
  CLI::Option* const plugins = app.add_flag("--plugins");
  std::string command;
  app.add_option("command", command);
  std::vector<CLI::Option*> options;
  for (const Flag& flag : flags()) options.push_back(add_flag(app, flag));
  std::vector<CLI::Option*> ignored;
  for (const IgnoredFlag& flag : ignored_flags()) {
    ignored.push_back(add_flag(app, flag));
  }
  parse_arguments(app, arguments);

  settings.command = command_value(command);
  if (plugins->count() > 0) settings.command = Command::kPlugins;
  if (version->count() > 0) settings.command = Command::kVersion;
  if (help->count() > 0) settings.command = Command::kHelp;
  set_flags(options, environment, settings);
  remark_on_ignored(ignored, settings);
  const bool reads_files = settings.command == Command::kServe ||
                           settings.command == Command::kCheck;
  if (reads_files && !settings.corefile.empty()) {
    return with_corefile(settings, environment);
  }
  complete(settings);
  return settings;
}

}  // namespace canopy
