Feature: Signal and background

  Scenario: The workflow gives its outputs
    When the workflow is finished
    Then the workspace should include "results/data.root"
    And the workspace should include "results/fit.json"
    And the workspace should include "results/plot.png"

  Scenario: All events are written
    When the workflow is finished
    Then the job logs should contain "events in results/data.root"
