/// For agents with a parameter struct of their own, lane by lane, that are no learners in the sense of
/// contract/learner.hpp: what LearnerEntry::make and make_each give them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "contract/agent.hpp"

namespace labile {

/// An agent whose subjects all have the settings given. A is made from its subjects' parameters, a P each.
template <class A, class P>
std::unique_ptr<Agent> make_alike(const std::vector<Field<P>>& table, const Settings& given,
                                  const Info& info) {
  return std::make_unique<A>(
      std::vector<P>{read_params(table, given, std::string("learner '") + info.name + "'")});
}
/// An agent whose subjects have a row each, in table order; all parameters are numbers.
template <class A, class P>
std::unique_ptr<Agent> make_by_rows(const std::vector<Field<P>>& table,
                                    const std::vector<std::vector<double>>& rows) {
  std::vector<P> params(rows.size());
  for (std::size_t s = 0; s < rows.size(); ++s)
    for (std::size_t k = 0; k < table.size(); ++k) params[s].*std::get<0>(table[k].member) = rows[s][k];
  return std::make_unique<A>(std::move(params));
}

}  // namespace labile
