"""The two frameworks side by side: what each does silently, and safe spellings."""
