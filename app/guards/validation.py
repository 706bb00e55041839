"""Validation in the order of what it costs: guards first, the specification's rules after them."""

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    OverlappingFieldsCanBeMergedRule,
    TypeInfo,
    ValidationContext,
    specified_rules,
    validate,
    visit,
)
from graphql.validation.validate import ValidationAbortedError

from app.guards.cost import CostGuard, IntrospectionGuard
from app.guards.counts import (
    AliasesGuard,
    DepthGuard,
    DirectivesGuard,
    OperationsGuard,
    RootFieldsGuard,
)
from app.guards.guard import Guard
from app.guards.limits import ERROR_LIMIT, MERGE_COMPARISON_LIMIT


class BriefOverlappingFieldsRule(OverlappingFieldsCanBeMergedRule):
    """The specified rule, with a smaller budget of comparisons than the library's 500,000."""

    def __init__(self, context: ValidationContext) -> None:
        super().__init__(context)
        self.rule_context.remaining_complexity_budget = MERGE_COMPARISON_LIMIT


GUARDS: tuple[type[Guard], ...] = (
    OperationsGuard,
    DepthGuard,
    AliasesGuard,
    RootFieldsGuard,
    DirectivesGuard,
    CostGuard,
    IntrospectionGuard,
)

RULES = tuple(
    BriefOverlappingFieldsRule if rule is OverlappingFieldsCanBeMergedRule else rule
    for rule in specified_rules
)


def validate_guarded(schema: GraphQLSchema, document: DocumentNode) -> list[GraphQLError]:
    """Return what is wrong with a document, or an empty list.

    The guards take time in proportion to the document. Only what passes them meets the specified
    rules, some of which take its square. No error suggests a name: that would tell strangers about
    the schema.
    """
    return _guard(schema, document) or _validate(schema, document)


def _guard(schema: GraphQLSchema, document: DocumentNode) -> list[GraphQLError]:
    errors: list[GraphQLError] = []
    context = ValidationContext(schema, document, TypeInfo(schema), errors.append)
    for guard in GUARDS:
        visit(document, guard(context))
    return errors[:ERROR_LIMIT]


def _validate(schema: GraphQLSchema, document: DocumentNode) -> list[GraphQLError]:
    errors = validate(schema, document, RULES, max_errors=ERROR_LIMIT, hide_suggestions=True)
    if errors and _ran_out_of_budget(errors):
        errors[-1] = GraphQLError(
            "Fields or fragments are repeated too often to check whether they fit together.",
            extensions={"code": "QUERY_TOO_COMPLEX"},
        )
    return errors


def _ran_out_of_budget(errors: list[GraphQLError]) -> bool:
    """Tell this abort from the one after too many errors, which stands behind as many."""
    return isinstance(errors[-1], ValidationAbortedError) and len(errors) <= ERROR_LIMIT
